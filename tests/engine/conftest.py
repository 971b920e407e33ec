"""The toys, on every adapter that has a log."""

from pathlib import Path

import pytest

from tests.contracts.stores import ADAPTERS
from tests.engine.toys import Toys


@pytest.fixture(params=ADAPTERS)
def toys(request: pytest.FixtureRequest, tmp_path: Path) -> Toys:
    return Toys(ADAPTERS[request.param](tmp_path))

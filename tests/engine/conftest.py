"""The toys, on every adapter."""

from pathlib import Path

import pytest

from tests.contracts.stores import ADAPTERS, NAMES
from tests.engine.toys import Toys


@pytest.fixture(params=NAMES)
def toys(request: pytest.FixtureRequest, tmp_path: Path) -> Toys:
    return Toys(ADAPTERS[request.param](tmp_path))

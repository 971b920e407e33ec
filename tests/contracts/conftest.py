"""One fixture for every suite over stores and buses."""

from pathlib import Path

import pytest

from tests.contracts.stores import ADAPTERS, NAMES, Adapter


@pytest.fixture(params=NAMES)
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Adapter:
    return ADAPTERS[request.param](tmp_path)

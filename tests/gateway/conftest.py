"""Each test has a House of its own."""

from collections.abc import Iterator

import pytest

from emulators.serving import serving
from tests.gateway.house import House


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """Where the House answers over real HTTP."""
    with serving(house.app) as url:
        yield url

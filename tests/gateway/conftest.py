"""Each test has a House of its own."""

import pytest

from tests.gateway.house import House


@pytest.fixture
def house() -> House:
    return House()

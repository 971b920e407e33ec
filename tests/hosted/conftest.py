"""Every test here may have a house of hosts that fail as they are told to."""

import pytest

from tests.hosted.failing import failing
from tests.hosted.hosting import Hosts


@pytest.fixture
def house() -> Hosts:
    return failing()

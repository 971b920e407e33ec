"""A store of each test's own on Google's emulator."""

from collections.abc import Iterator

import pytest

from shared.adapters.firestore import FirestoreStore
from tests import google
from tests.contracts.stores import OWNERS, WHOLE


@pytest.fixture
def store() -> Iterator[FirestoreStore]:
    store = google.firestore(OWNERS, WHOLE)
    yield store
    store.close()

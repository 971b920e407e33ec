"""Google's emulators for the tests: started when first asked for, gone with the tests. Each adapter is a new project."""

import atexit
import os
from collections.abc import Mapping
from functools import cache
from uuid import uuid4

import pytest

from emulators.google import Google, Missing, running
from shared.adapters.firestore import FirestoreStore

EMULATOR_REQUEST_BYTES_MAX = 4_000_000


@cache
def _started() -> Google | Missing:
    emulators = running()
    try:
        google = emulators.__enter__()
    except Missing as missing:
        return missing
    atexit.register(emulators.__exit__, None, None, None)
    return google


def google() -> Google:
    """The emulators of this process. Without what they need the test is skipped, or fails in CI."""
    found = _started()
    if isinstance(found, Google):
        os.environ.update(found.environment)
        return found
    if os.environ.get("CI") == "true" or os.environ.get("HOUSE_CI"):
        pytest.fail(f"the emulators are missing: {found}")
    pytest.skip(f"the emulators are missing: {found}")


def firestore(owners: Mapping[str, str], whole: tuple[str, ...] = ()) -> FirestoreStore:
    """A store on a database of its own, empty."""
    google()
    return FirestoreStore(
        f"house-{uuid4().hex[:20]}",
        owners,
        whole,
        request_bytes_max=EMULATOR_REQUEST_BYTES_MAX,
        settle_s=-1.0,
    )

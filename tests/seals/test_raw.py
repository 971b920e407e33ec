"""Raw bodies lie sealed with the key of their day, and go with it when their days are over."""

from __future__ import annotations

import pytest

from shared.adapters.keyring import Keyring
from shared.adapters.memory import MemoryStore
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.instants import DAY_US
from shared.runtime import raw
from tests.given import NOW_US

BODY = b'{"sender": {"login": "ann"}}'


@pytest.fixture
def keys() -> Keyring:
    return Keyring(MemoryVault(), LocalWrapping(bytes(32)), fresh_s=0.0)


def test_a_body_is_unreadable_where_it_lies_and_opens_as_it_was(keys: Keyring) -> None:
    kept = raw.sealed(BODY, NOW_US, keys)
    assert b"ann" not in kept
    assert raw.opened(kept, NOW_US, keys) == BODY
    assert raw.opened(kept, NOW_US + DAY_US, keys) is None, "every day has a key of its own"


def test_bodies_that_were_kept_before_they_were_sealed_are_read_as_they_are(keys: Keyring) -> None:
    assert raw.opened(BODY, NOW_US, keys) == BODY
    assert raw.opened(None, NOW_US, keys) is None


def test_what_a_backup_keeps_of_a_body_is_unreadable_once_its_days_are_over(keys: Keyring) -> None:
    kept, store = raw.sealed(BODY, NOW_US, keys), MemoryStore()
    last_us = NOW_US + raw.DAYS_MAX * DAY_US
    raw.expire(last_us, store, keys)
    assert raw.opened(kept, NOW_US, keys) == BODY
    assert raw.expire(last_us + DAY_US, store, keys) > raw.expire(last_us, store, keys)
    assert raw.opened(kept, NOW_US, keys) is None
    with pytest.raises(ValueError, match="has the clock gone back"):
        raw.sealed(BODY, NOW_US, keys)


def test_days_on_which_nobody_came_by_are_made_up_for(keys: Keyring) -> None:
    kept = raw.sealed(BODY, NOW_US, keys)
    raw.expire(NOW_US + 2 * raw.DAYS_MAX * DAY_US, MemoryStore(), keys)
    assert raw.opened(kept, NOW_US, keys) is None


def test_a_body_that_was_tampered_with_is_none(keys: Keyring) -> None:
    kept = raw.sealed(BODY, NOW_US, keys)
    assert raw.opened(kept[:-1] + bytes([kept[-1] ^ 1]), NOW_US, keys) is None
    assert raw.opened(kept[:8], NOW_US, keys) is None

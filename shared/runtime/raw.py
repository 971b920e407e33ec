"""Raw bodies: what others say of people lies in them, so each is sealed, with the key of the day it was received on.

They are kept for `DAYS_MAX`. Then they are deleted and their day's key is destroyed, so that what a backup still has of
them nobody can read.
"""

from shared.domain.instants import DAY_US, rfc3339
from shared.ports.seals import Seals
from shared.ports.store import Store

DAYS_MAX = 30
_BACK_DAYS = 31
"""How long nobody may have come by to destroy keys, so that none is left."""


def sealed(raw: bytes, received_us: int, seals: Seals) -> bytes:
    """The raw body as the key of its day can open it.

    Raises:
        ValueError: that day's key is destroyed: the clock went back.
    """
    found = seals.seal_bytes(_day(received_us), raw)
    if found is None:
        raise ValueError(
            f"a body of {rfc3339(received_us)} cannot be kept any more: has the clock gone back?"
        )
    return found


def opened(kept: bytes | None, received_us: int, seals: Seals) -> bytes | None:
    """The raw body as it arrived, or None once its days are over."""
    return None if kept is None else seals.open_bytes(_day(received_us), kept)


def expire(now_us: int, store: Store, seals: Seals) -> str:
    """Let bodies go whose days are over, and the keys with them; the first day whose bodies are kept."""
    oldest_us = now_us - DAYS_MAX * DAY_US
    while store.expire_attachments(oldest_us):
        pass
    for days in range(1, _BACK_DAYS + 1):
        seals.destroy(_day(oldest_us - days * DAY_US))
    return rfc3339(oldest_us)[:10]


def _day(instant_us: int) -> str:
    """The subject of a day's bodies."""
    return f"raw/{rfc3339(instant_us)[:10]}"

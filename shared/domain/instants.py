"""Instants are whole microseconds since 1970-01-01 UTC; at the edges they are RFC 3339 text."""

import re
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(instant_us: int) -> str:
    """The instant as RFC 3339 text in UTC with the fewest digits that keep it exact: `2026-12-04T00:00:00Z`."""
    moment = _EPOCH + timedelta(microseconds=instant_us)
    return moment.isoformat().replace("+00:00", "Z")


def from_rfc3339(text: str) -> int:
    """The instant that RFC 3339 `text` names.

    Raises:
        ValueError: `text` is not a complete RFC 3339 date-time with an offset.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"expected an RFC 3339 time such as 2026-12-04T00:00:00Z, got {text[:40]!r}")
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND

"""A page of rows."""

from collections.abc import Sequence

from msgspec import Struct
from pydantic import BaseModel

from shared.domain.instants import rfc3339
from shared.ports.store import View


class Rows(Struct, frozen=True):
    """Some rows of a list. `following` is where to go on, None at the end."""

    rows: Sequence[BaseModel]
    following: int | None = None


def at_or_none(instant_us: int | None) -> str | None:
    """The instant as RFC 3339 text, if there is one."""
    return None if instant_us is None else rfc3339(instant_us)


def after_views(views: Sequence[View], limit: int) -> int | None:
    """Where the list of views goes on."""
    return views[-1].cursor if len(views) == limit else None

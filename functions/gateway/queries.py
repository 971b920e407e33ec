"""What query strings may say: every parameter with its limit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.gateway.fields import Cursor, Developer, Instant

PAGE_MAX = 500


class Query(BaseModel):
    """A query string: no unknown parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EntriesQuery(Query):
    """Which entries, newest first. `after` continues to older ones."""

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$")] | None = None
    party: Developer | None = None
    since: Instant | None = None
    after: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class EventsQuery(Query):
    """Which events, oldest first. `after` is the `next` of an earlier answer."""

    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    kind: Annotated[str, StringConstraints(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 100


class MineQuery(Query):
    """Which rows of a list. `after` is the `next` of an earlier answer."""

    after: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class LettersQuery(Query):
    """Whose dead letters."""

    function: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,32}$")] | None = None

"""The event log, with filters."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BeforeValidator

from functions.gateway import entries
from functions.gateway.call import Answer, Call
from functions.gateway.fields import Instant, cursor
from functions.gateway.pages.render import page
from functions.gateway.queries import EntriesQuery
from shared.domain.instants import rfc3339

KINDS = (
    "commit",
    "push",
    "star",
    "unstar",
    "fork",
    "watch",
    "create",
    "delete",
    "member",
    "organization",
    "public",
    "ping",
)


def _day(given: Any) -> Any:
    """A form's date is the beginning of that day in UTC."""
    day = isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given)
    return f"{given}T00:00:00Z" if day else given


class LogQuery(EntriesQuery):
    """The same filters; `since` may also be a day."""

    since: Annotated[Instant, BeforeValidator(_day, json_schema_input_type=str)] | None = None


def show(call: Call, query: LogQuery) -> Answer:
    """One page of entries."""
    found = entries.page(call.edge, call.who, query)
    older = None
    if found.following is not None:
        asked = {
            "kind": query.kind,
            "party": query.party,
            "since": None if query.since is None else rfc3339(query.since),
            "after": cursor(found.following),
        }
        older = "/log?" + urlencode({name: value for name, value in asked.items() if value})
    since = "" if query.since is None else rfc3339(query.since)[:10]
    return page(
        call,
        "log.html",
        query=query,
        since=since,
        kinds=KINDS,
        found=found.found,
        standings=entries.Standings(call.edge),
        older=older,
    )

"""Everything that concerns a developer, list by list: for the API, the page and the export alike.

Each list is read a page at a time, so that whoever has a million entries needs no more memory than anybody else.
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from functions.gateway.answers import mine as answers
from functions.gateway.auth import Caller
from functions.gateway.mine import log, people
from functions.gateway.mine.rows import Rows
from shared.runtime.edge import Edge

CHUNK = 500
"""Rows read at once for an export."""


class Kind(Struct, frozen=True):
    """One list: its name in paths and files, its rows, and how a page of them is read."""

    name: str
    row: type[BaseModel]
    answer: type[answers.Page[Any]]
    read: Callable[[Edge, Caller, int | None, int], Rows]


KINDS = (
    Kind("entries", answers.MyEntry, answers.MyEntries, log.entries_of),
    Kind("opt-ins", answers.MyOptIn, answers.MyOptIns, log.opt_ins),
    Kind("sessions", answers.MySession, answers.MySessions, people.sessions),
    Kind("leads", answers.MyLead, answers.MyLeads, people.leads),
    Kind("profile", answers.MyProfile, answers.MyProfiles, people.profile),
    Kind("keys", answers.MyKey, answers.MyKeys, people.keys),
    Kind("consents", answers.MyConsent, answers.MyConsents, people.consents),
    Kind("requests", answers.MyRequest, answers.MyRequests, people.requests),
    Kind("tokens", answers.MyToken, answers.MyTokens, people.tokens),
)


def every(kind: Kind, edge: Edge, who: Caller) -> Iterator[BaseModel]:
    """All rows of a list, read as they are asked for."""
    after: int | None = None
    while True:
        found = kind.read(edge, who, after, CHUNK)
        yield from found.rows
        if found.following is None:
            return
        after = found.following

"""Everything that concerns a developer, list by list: for the API, the page and the export alike.

Each list is read a page at a time, so that whoever has a million entries needs no more memory than anybody else.
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from functions.gateway import my_answers
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
    answer: type[my_answers.Page[Any]]
    read: Callable[[Edge, Caller, int | None, int], Rows]


KINDS = (
    Kind("entries", my_answers.MyEntry, my_answers.MyEntries, log.entries_of),
    Kind("opt-ins", my_answers.MyOptIn, my_answers.MyOptIns, log.opt_ins),
    Kind("sessions", my_answers.MySession, my_answers.MySessions, people.sessions),
    Kind("leads", my_answers.MyLead, my_answers.MyLeads, people.leads),
    Kind("profile", my_answers.MyProfile, my_answers.MyProfiles, people.profile),
    Kind("keys", my_answers.MyKey, my_answers.MyKeys, people.keys),
    Kind("consents", my_answers.MyConsent, my_answers.MyConsents, people.consents),
    Kind("requests", my_answers.MyRequest, my_answers.MyRequests, people.requests),
    Kind("tokens", my_answers.MyToken, my_answers.MyTokens, people.tokens),
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

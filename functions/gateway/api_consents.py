"""Consents over HTTP: what was allowed about somebody, at a moment, on what evidence."""

from typing import Annotated

from pydantic import Field, StringConstraints

from functions.gateway import consents
from functions.gateway.answers import consents as answers
from functions.gateway.call import Answer, Call, Route, bad, missing
from functions.gateway.fields import Cursor, Developer, Instant, cursor
from functions.gateway.queries import PAGE_MAX, Query
from shared.domain.instants import SECOND_US, rfc3339

SETTLED_US = 30 * SECOND_US
"""After so long nothing with an earlier instant is recorded any more: appends are given up long before."""


class ConsentsQuery(Query):
    """Whose consents, to what, on which basis, and when by the House's record clock; by default all, now.

    Operators may leave the subject out and name a purpose or a basis: then `after` and `limit` go through everybody's.
    """

    subject: Developer | None = None
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/-]{0,70}$")] | None = None
    basis: answers.Basis | None = None
    at: Instant | None = None
    after: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


def list_consents(call: Call, query: ConsentsQuery) -> Answer:
    """What was allowed then: a developer asks about themselves, an operator about anybody, or everybody."""
    who = call.who
    subject = query.subject or (None if who.everywhere else who.subject)
    if not (who.everywhere or subject == who.subject):
        raise missing("developer")
    at_us = call.now_us if query.at is None else query.at
    if at_us > call.now_us:
        raise bad("at", f"it is {rfc3339(call.now_us)}, and what will be allowed nobody knows")
    found, following = _found(call, query, subject, at_us)
    return Answer(
        answers.Consents(
            subject=subject,
            at=rfc3339(at_us),
            final=at_us + SETTLED_US < call.now_us,
            allowed=any(consent.allowed for consent in found),
            consents=found,
            next=None if following is None else cursor(following),
        )
    )


def _found(
    call: Call, query: ConsentsQuery, subject: str | None, at_us: int
) -> tuple[list[answers.Consent], int | None]:
    wanted = consents.Wanted(query.purpose, query.basis)
    if subject is not None:
        if query.after is not None:
            raise bad("after", "about one subject everything is answered at once")
        return consents.of_one(call.edge, call.who, subject, wanted, at_us), None
    if query.purpose is None and query.basis is None:
        raise bad("subject", "whose consents? Or name a purpose, or a basis")
    return consents.of_all(call.edge, call.who, wanted, at_us, query.after, query.limit)


ROUTES = (
    Route(
        "GET",
        "/api/consents",
        "Show what was allowed at a moment, by subject, purpose or basis, and on what evidence",
        list_consents,
        ("operator", "developer"),
        query=ConsentsQuery,
        answer=answers.Consents,
        refusals=(404,),
    ),
)

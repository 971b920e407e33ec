"""Consents over HTTP: what was allowed about somebody, at a moment, on what evidence."""

from typing import Annotated

from pydantic import StringConstraints

from functions.gateway import consents
from functions.gateway.call import Answer, Call, Route, missing
from functions.gateway.fields import Instant
from functions.gateway.queries import Query
from shared.domain.instants import SECOND_US, rfc3339
from shared.runtime.edge import Rejection

SETTLED_US = 30 * SECOND_US
"""After so long nothing with an earlier instant is recorded any more: appends are given up long before."""


class ConsentsQuery(Query):
    """Whose consents, for what, on which basis, and when by the House's record clock; by default all, now."""

    subject: Annotated[str, StringConstraints(pattern=r"^dev_[a-z2-7]{20}$")] | None = None
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/-]{0,70}$")] | None = None
    basis: consents.Basis | None = None
    at: Instant | None = None


def list_consents(call: Call, query: ConsentsQuery) -> Answer:
    """What was allowed then: a developer asks about themselves, an operator about anybody."""
    who = call.who
    subject = query.subject or (None if who.everywhere else who.subject)
    if subject is None:
        raise Rejection(400, "Bad request", "subject: whose consents?", [("subject", "whose consents?")])
    if not (who.everywhere or subject == who.subject):
        raise missing("developer")
    at_us = call.now_us if query.at is None else query.at
    if at_us > call.now_us:
        detail = f"it is {rfc3339(call.now_us)}, and what will be allowed nobody knows"
        raise Rejection(400, "Bad request", f"at: {detail}", [("at", detail)])
    found = [
        consent
        for consent in (
            *consents.opt_ins(call.edge, who, subject, at_us),
            *consents.words(call.edge, who, subject, at_us),
        )
        if query.purpose in (None, consent.purpose) and query.basis in (None, consent.basis)
    ]
    return Answer(
        consents.Consents(
            subject=subject,
            at=rfc3339(at_us),
            final=at_us + SETTLED_US < call.now_us,
            allowed=any(consent.allowed for consent in found),
            consents=found,
        )
    )


ROUTES = (
    Route(
        "GET",
        "/api/consents",
        "Show what was allowed about a developer at a moment, and on what evidence",
        list_consents,
        ("operator", "developer"),
        query=ConsentsQuery,
        answer=consents.Consents,
        refusals=(404,),
    ),
)

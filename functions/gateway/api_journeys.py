"""Journeys, opt-ins and the raw log over HTTP."""

import msgspec

from functions.gateway import journeys, sight
from functions.gateway.answers import log as answers
from functions.gateway.call import Answer, Call, Route, missing
from functions.gateway.queries import EventsQuery
from shared.domain.ids import correlation_id
from shared.domain.instants import rfc3339

SCANNED_MAX = 5_000


def show_journey(call: Call) -> Answer:
    """All events of one correlation id that the caller may see."""
    correlation = correlation_id(call.path["correlationid"])
    seen = journeys.journey(call.edge, call.who, correlation) if correlation else []
    if not seen:
        raise missing("journey")
    events = [{**event.cloudevent(), "data": data} for event, data in seen]
    return Answer(msgspec.json.encode({"correlationid": correlation, "events": events}))


def list_events(call: Call, query: EventsQuery) -> Answer:
    """The log from a position on, oldest first. With `kind`, at most 5,000 events are looked at."""
    scanned = call.edge.log(query.after, query.limit if query.kind is None else SCANNED_MAX)
    events, following = [], query.after
    for event in scanned:
        following = event.position
        if query.kind in (None, event.type):
            events.append(event.cloudevent())
        if len(events) == query.limit:
            break
    return Answer(msgspec.json.encode({"events": events, "next": following}))


def show_opt_in(call: Call) -> Answer:
    """What became of an invitation: for those who spoke or were invited by number, and operators."""
    commit, who = call.path["invitation"], call.who
    known = sight.invitation(call.edge, who, commit)
    if known is None:
        raise missing("invitation")
    invited, responded = known.invited, known.responded
    return Answer(
        answers.OptIn(
            invitation=commit,
            status=known.status,
            parties=list(known.parties),
            invitee=invited.invitee_login if invited else None,
            purpose=invited.purpose if invited else None,
            terms=invited.terms if invited else responded.terms if responded else None,
            invited_at=_time(invited.received_at_us if invited else None),
            expires_at=_time(known.expires_at_us),
            confirmed_at=_time(known.confirmed_at_us),
            response=responded.response if responded else None,
            reason=known.reason,
        )
    )


def _time(instant_us: int | None) -> str | None:
    return None if instant_us is None else rfc3339(instant_us)


ROUTES = (
    Route(
        "GET",
        "/api/journeys/{correlationid}",
        "Show what one request led to",
        show_journey,
        ("operator", "client", "developer"),
        answer=answers.Journey,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/api/events",
        "Follow the log, oldest first",
        list_events,
        ("operator",),
        query=EventsQuery,
        answer=answers.Events,
    ),
    Route(
        "GET",
        "/api/optins/{invitation}",
        "Show what became of an invitation, by its commit's hash",
        show_opt_in,
        ("operator", "developer"),
        answer=answers.OptIn,
        refusals=(404,),
    ),
)

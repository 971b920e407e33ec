"""The event log over HTTP: entries in pages, one entry, and a party's word to withhold it."""

from hashlib import sha256

from functions.gateway import entries
from functions.gateway.answers import Requested
from functions.gateway.answers import log as answers
from functions.gateway.call import Answer, Call, Route, Submit, missing, requested
from functions.gateway.fields import cursor
from functions.gateway.queries import EntriesQuery
from shared.domain.requests import ReleaseRequested, WithholdingRequested


def list_entries(call: Call, query: EntriesQuery) -> Answer:
    """One page of entries, newest first."""
    page = entries.page(call.edge, call.who, query)
    standings = entries.Standings(call.edge)
    body = answers.Entries(
        entries=[entries.shown(found, standings) for found in page.found],
        next=None if page.following is None else cursor(page.following),
    ).model_dump_json()
    return Answer(body.encode(), etag=sha256(body.encode()).hexdigest()[:32])


def show_entry(call: Call) -> Answer:
    """One entry, by its own hash or by its commit's."""
    return Answer(entries.shown(_found(call)[0], entries.Standings(call.edge)))


def withhold(call: Call) -> Submit:
    """A party wants the entry used for nothing, or a commit in whichever of its entries."""
    me = call.who.subject
    asked = (found.entry for found in _found(call))
    return requested(
        me, *(WithholdingRequested(me, entry.hash, entry.parties, entry.invitation) for entry in asked)
    )


def release(call: Call) -> Submit:
    """A party no longer withholds the entry. The other still may, and no opt-in that rested on it comes back."""
    me = call.who.subject
    asked = (found.entry for found in _found(call))
    return requested(me, *(ReleaseRequested(me, entry.hash, entry.parties) for entry in asked))


def _found(call: Call) -> list[entries.Found]:
    found = entries.about(call.edge, call.who, call.path["hash"])
    if not found:
        raise missing("entry")
    return found


ROUTES = (
    Route(
        "GET",
        "/api/entries",
        "List entries, newest first",
        list_entries,
        ("operator", "developer"),
        query=EntriesQuery,
        answer=answers.Entries,
        refusals=(304,),
    ),
    Route(
        "GET",
        "/api/entries/{hash}",
        "Show one entry, by its hash or its commit's",
        show_entry,
        ("operator", "developer"),
        answer=answers.Entry,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/entries/{hash}/withhold",
        "Withhold an entry: nothing derived from it is used any more",
        withhold,
        ("developer",),
        answer=Requested,
        status=202,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/entries/{hash}/release",
        "Release an entry you withheld",
        release,
        ("developer",),
        answer=Requested,
        status=202,
        refusals=(404,),
    ),
)

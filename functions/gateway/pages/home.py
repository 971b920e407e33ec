"""What is going on now. Without a sign-in, numbers alone."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, cast

import msgspec
from msgspec import Struct

from functions.gateway import briefs, entries, kept, sight
from functions.gateway.auth import Caller
from functions.gateway.call import Answer, Call
from functions.gateway.pages.render import page
from functions.gateway.queries import EntriesQuery
from shared.domain.brief_results import BriefResult
from shared.domain.instants import DAY_US, SECOND_US
from shared.domain.matches import Session
from shared.domain.results import SessionResult
from shared.ports.store import View
from shared.runtime.edge import Edge

COUNT_MAX = 1_000
"""Nothing is counted further than this for a page; more shows as `1000+`."""
FRESH_US = 5 * SECOND_US
LATEST = 12
SESSIONS_MAX = 100


class Figure(Struct, frozen=True):
    """One number and what it counts."""

    number: str
    label: str


class Team(Struct, frozen=True):
    """One session: its state, and how many of its seats are taken."""

    session: Session
    status: str
    correlation: str


class Shelf(Struct, frozen=True):
    """One brief in a list."""

    brief: str
    title: str
    status: str
    sessions: int


def show(call: Call) -> Answer:
    """The page for whoever asks."""
    context: dict[str, Any] = {"found": (), "teams": (), "shelves": ()}
    context |= {"standings": None, "ticket": None, "person": None, "troubles": None, "parked": 0}
    context["figures"] = _figures(cast(Hashable, call.edge), call.now_us // FRESH_US)
    who = call.known
    if who is None:
        return page(call, "home.html", **context)
    if who.role != "client":
        latest = entries.page(call.edge, who, EntriesQuery(limit=LATEST))
        context |= {"found": latest.found, "standings": entries.Standings(call.edge)}
    if who.role == "developer":
        context |= {"ticket": sight.ticket(call.edge, who), "person": kept.person(call.edge, who.subject)}
        mine, _ = sight.sessions(call.edge, who, None, LATEST)
        context["teams"] = [_team(call, view, drawn.session) for view, drawn in mine]
    else:
        context["shelves"] = _shelves(call.edge, who)
    if who.everywhere:
        context["troubles"] = call.edge.troubles()
        context["parked"] = sum(_tagged(call.edge, function, "parked") for function in call.edge.functions)
        context["teams"] = [*_teams(call, "status:proposed"), *_teams(call, "status:formed")][:LATEST]
    return page(call, "home.html", **context)


def _teams(call: Call, tag: str) -> list[Team]:
    found = call.edge.states("matchmaker", Session, tag, None, LATEST)
    return [_team(call, view, session) for view, session in found if session.proposed]


def _team(call: Call, view: View, session: Session) -> Team:
    return Team(session, _status(call.edge, session, call.now_us), view.correlation)


def _status(edge: Edge, session: Session, now_us: int) -> str:
    if session.formed is None or session.proposed is None:
        return session.status
    result = edge.state("aggregator", f"result/{session.proposed.session}", SessionResult)
    closed = result is not None and result.status == "closed"
    return "closed" if closed or now_us > session.formed.window_end_us else "at work"


def _shelves(edge: Edge, who: Caller) -> list[Shelf]:
    tag = None if who.everywhere else who.subject
    found = edge.states("aggregator", msgspec.Raw, tag, None, 200)
    results = [
        msgspec.json.decode(raw, type=BriefResult) for view, raw in found if view.stream.startswith("brief/")
    ]
    shelves = [
        Shelf(
            brief.catalogued.brief,
            brief.catalogued.title,
            "published" if brief.result else "open",
            len(brief.sessions),
        )
        for brief in results[:LATEST]
        if brief.catalogued
    ]
    if who.role == "client":
        # What was opened this moment is on its way to the aggregator.
        known = {shelf.brief for shelf in shelves}
        newest = list(kept.client(edge, who.subject).briefs.items())[-LATEST:]
        fresh = [name for name, _ in newest if name not in known][: LATEST - len(shelves)]
        seen = [briefs.seen(edge, who, name).catalogued for name in fresh]
        shelves = [*(Shelf(brief.brief, brief.title, "open", 0) for brief in seen), *shelves]
    return shelves


@lru_cache(maxsize=8)
def _figures(edge: Edge, slot: int) -> list[Figure]:
    """The figures of a node, counted once in each slot of five seconds, whoever asks."""
    now_us = slot * FRESH_US
    recent = edge.states("eventlog", msgspec.Raw, None, None, COUNT_MAX)
    today = sum(view.recorded_us > now_us - DAY_US for view, _ in recent)
    formed = edge.states("matchmaker", Session, "status:formed", None, SESSIONS_MAX)
    at_work = sum(_status(edge, session, now_us) == "at work" for _, session in formed)
    return [
        Figure(_number(today), "entries in 24 hours"),
        Figure(_number(_tagged(edge, "optin", "status:confirmed")), "opt-ins in force"),
        Figure(_number(_tagged(edge, "matchmaker", "queued")), "tickets waiting"),
        Figure(_number(at_work, SESSIONS_MAX), "teams at work"),
        Figure(_number(_tagged(edge, "matchmaker", "wanted")), "briefs awaiting teams"),
    ]


def _tagged(edge: Edge, function: str, tag: str) -> int:
    return len(edge.states(function, msgspec.Raw, tag, None, COUNT_MAX))


def _number(count: int, limit: int = COUNT_MAX) -> str:
    return f"{count}+" if count >= limit else str(count)

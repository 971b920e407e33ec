"""One team's votes and points, until its tasks are done or its window has passed.

Reads SessionCatalogued, VoteCast, PointMarked, StandingTold, Due. Emits SessionOpened, PartBegun, MetricRecorded,
StandingNoted, SessionClosed, PartTaken, SessionCleared, SessionRevised. Stream: `result/<session>`.

Participants' events come in any order, also before the session itself. What counts therefore depends on the
instants in the events alone: the session ends at the first instant at which every participant had done every task,
or at its window's end, and closes when the watermark has passed that instant.

Everything is kept as it comes; only what was done by participants whose consent stands is given out, when the session
closes. Afterwards, what somebody did is taken out the moment their consent ends, and put back when it stands again.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar, assert_never

from msgspec.structs import replace

from functions.aggregator.decide.contributions import (
    contributions,
    counted,
    done_at_us,
    points_kept,
    without,
)
from shared.domain.brief_results import CREATIVES_MAX, SessionCatalogued
from shared.domain.event import Due, Event, Input
from shared.domain.heat import placed
from shared.domain.lanes import LANES
from shared.domain.leads import StandingTold
from shared.domain.orderless import with_entry
from shared.domain.requests import PointMarked, VoteCast
from shared.domain.results import (
    BALLOTS_EACH_MAX,
    Ballot,
    Marks,
    MetricRecorded,
    PartBegun,
    PartTaken,
    Point,
    SessionCleared,
    SessionClosed,
    SessionOpened,
    SessionResult,
    SessionRevised,
    StandingNoted,
)
from shared.runtime.shapes import Decider, Fold

EARLY_PARTICIPANTS_MAX = len(LANES)
"""Developers whose votes and points may wait for a session not known here yet: a team, as the edge checks who."""

Emitted = (
    SessionOpened
    | PartBegun
    | MetricRecorded
    | StandingNoted
    | SessionClosed
    | PartTaken
    | SessionCleared
    | SessionRevised
)
V = TypeVar("V")
Timed = TypeVar("Timed", Ballot, Point)


def streams(happened: Input) -> list[str]:
    """The session that an input is about."""
    match happened.body:
        case SessionCatalogued() | VoteCast() | PointMarked() | StandingTold() as body:
            return [f"result/{body.session}"]
        case _:
            return []


def evolve(state: SessionResult, event: Emitted) -> SessionResult:
    """The session after `event`."""
    match event:
        case SessionOpened():
            seated = {seat.developer for seat in event.seats}
            return replace(
                state,
                opened=event,
                status="open",
                ballots={dev: cast for dev, cast in state.ballots.items() if dev in seated},
                points={dev: marked for dev, marked in state.points.items() if dev in seated},
            )
        case MetricRecorded(approved=None):
            image, point = event.creative or "", Point(event.at_us, event.x, event.y)
            marked = state.points.get(event.developer, {})
            kept = _earliest((*marked.get(image, ()), point), points_kept(state))
            return replace(
                state, points=with_entry(state.points, event.developer, with_entry(marked, image, kept))
            )
        case MetricRecorded():
            ballot = Ballot(event.at_us, event.approved or ())
            cast = _earliest((*state.ballots.get(event.developer, ()), ballot), BALLOTS_EACH_MAX)
            return replace(state, ballots=with_entry(state.ballots, event.developer, cast))
        case SessionClosed():
            # The metric events themselves stay in the stream; what is done of the tasks is kept by participant.
            done = contributions(state, event.closed_at_us)
            return replace(state, status="closed", closed=event, ballots={}, points={}, done=done)
        case StandingNoted(developer=developer, erased_at_us=at_us):
            noted = replace(state, standing=with_entry(state.standing, developer, event.stands))
            return without(noted, developer, at_us) if at_us else noted
        case SessionRevised() if state.closed is not None:
            # As if it had been so at the closing: the order of the two leaves no trace.
            ballots, marks = counted(state.closed.marks, state.done, state)
            return replace(state, closed=replace(state.closed, ballots=ballots, marks=marks))
        case PartBegun() | PartTaken() | SessionCleared() | SessionRevised():
            return state
        case _:
            assert_never(event)


def ends_at_us(state: SessionResult) -> int | None:
    """When the session ends, by what is known now; None when it is not open."""
    if state.opened is None or state.status != "open":
        return None
    end_us = state.opened.window_end_us
    moments_us = [done_at_us(state, state.opened, seat.developer) for seat in state.opened.seats]
    return min(end_us, max(end_us if moment is None else moment for moment in moments_us))


def due_at_us(state: SessionResult) -> int | None:
    """A microsecond after its end, when all that happened at that very instant is known, too."""
    end_us = ends_at_us(state)
    return None if end_us is None else end_us + 1


def decide(state: SessionResult, happened: Input) -> Sequence[Event]:
    """What the session makes of one input; after it has closed, nothing."""
    match happened.body:
        case SessionCatalogued() as catalogued:
            return _opened(state, catalogued)
        case VoteCast() as vote:
            approved = tuple(sorted(set(vote.approved)))
            recorded = MetricRecorded(
                vote.session, vote.developer, vote.cast_at_us, approved=approved[:CREATIVES_MAX]
            )
            return _kept(state, recorded)
        case PointMarked() as point:
            place = placed(point.x, point.y)
            if place is None:
                return []
            recorded = MetricRecorded(
                point.session, point.developer, point.marked_at_us, None, point.creative, place[0], place[1]
            )
            return _kept(state, recorded)
        case StandingTold() as told:
            return _noted(state, told, happened.time_us)
        case Due():
            end_us = ends_at_us(state)
            if state.opened is None or end_us is None or end_us >= happened.time_us:
                return []
            return _closed(state, state.opened, end_us)
        case _:
            return []


def _opened(state: SessionResult, catalogued: SessionCatalogued) -> list[Emitted]:
    if state.status == "closed" or catalogued.points_each is None:
        return []
    copies, images = set(catalogued.copies), set(catalogued.images)
    if state.opened is not None and copies <= set(state.opened.copies) and images <= set(state.opened.images):
        return []
    return [
        SessionOpened(
            session=catalogued.session,
            brief=catalogued.brief,
            client=catalogued.client,
            seats=catalogued.seats,
            copies=catalogued.copies,
            images=catalogued.images,
            points_each=catalogued.points_each,
            window_end_us=catalogued.window_end_us,
        )
    ]


def _kept(state: SessionResult, metric: MetricRecorded) -> list[Emitted]:
    """The metric event, if it changes anything; whoever begins with it is said to."""
    if not _counts(state, metric):
        return []
    known = metric.developer in state.ballots or metric.developer in state.points
    return [metric] if known else [PartBegun(metric.session, metric.developer), metric]


def _counts(state: SessionResult, metric: MetricRecorded) -> bool:
    """Whether a metric event changes anything: it belongs here and is within the participant's number."""
    if state.status == "closed" or not _belongs(state, metric):
        return False
    after = evolve(state, metric)
    return after.ballots != state.ballots or after.points != state.points


def _belongs(state: SessionResult, metric: MetricRecorded) -> bool:
    """Whether it may be kept. Which creatives are tasks is asked at the end, as a late one may yet become one."""
    opened, developer, image = state.opened, metric.developer, metric.creative
    images = state.points.get(developer, {})
    if image is not None and image not in images and len(images) >= CREATIVES_MAX:
        return False
    if opened is not None:
        in_time = metric.at_us <= opened.window_end_us
        return in_time and any(seat.developer == developer for seat in opened.seats)
    known = state.ballots.keys() | state.points.keys()
    return developer in known or len(known) < EARLY_PARTICIPANTS_MAX


def _earliest(items: Iterable[Timed], limit: int) -> tuple[Timed, ...]:
    return tuple(sorted(items)[:limit])


def _closed(state: SessionResult, opened: SessionOpened, end_us: int) -> list[Emitted]:
    """The closing events: what participants whose consent stands did until `end_us` counts."""
    done = contributions(state, end_us)
    ballots, marks = counted([Marks(image, ()) for image in opened.images], done, state)
    closed = SessionClosed(
        session=opened.session,
        brief=opened.brief,
        client=opened.client,
        reason="tasks done" if end_us < opened.window_end_us else "window passed",
        closed_at_us=end_us,
        copies=opened.copies,
        ballots=ballots,
        marks=marks,
    )
    parts = [
        PartTaken(
            session=opened.session,
            brief=opened.brief,
            client=opened.client,
            developer=seat.developer,
            lane=seat.lane,
            choice=seat.choice,
            copies=len(opened.copies),
            voted=done[seat.developer].ballot is not None,
            points_asked=len(opened.images) * points_kept(state),
            points_marked=sum(len(marks.points) for marks in done[seat.developer].marks),
            last_at_us=done[seat.developer].last_at_us,
        )
        for seat in opened.seats
        if seat.developer in done
    ]
    return [closed, *parts, SessionCleared(opened.session, opened.brief, opened.seats)]


def _noted(state: SessionResult, told: StandingTold, now_us: int) -> list[Emitted]:
    """Whether a participant's consent stands; once the session has closed, its result is revised with it."""
    developer, known_us = told.developer, state.erased.get(told.developer, 0)
    if state.standing.get(developer) is told.stands and told.erased_at_us <= known_us:
        return []
    full = len(state.standing) >= EARLY_PARTICIPANTS_MAX and developer not in state.standing
    if full or not _seated(state, developer):
        return []
    noted = StandingNoted(told.session, developer, told.stands, told.erased_at_us)
    did, closed = state.done.get(developer), state.closed
    added = evolve(state, noted).counts(developer)
    if did is None or closed is None or state.counts(developer) == added:
        return [noted]
    revised = SessionRevised(
        session=closed.session,
        brief=closed.brief,
        client=closed.client,
        revised_at_us=now_us,
        added=added,
        copies=closed.copies,
        ballots=() if did.ballot is None else (did.ballot,),
        marks=did.marks,
    )
    return [noted, revised]


def _seated(state: SessionResult, developer: str) -> bool:
    return state.opened is None or any(seat.developer == developer for seat in state.opened.seats)


SESSIONS: Decider[SessionResult] = Decider(
    fold=Fold("result", SessionResult, SessionResult(), evolve, due_at_us=due_at_us),
    reads=(SessionCatalogued, VoteCast, PointMarked, Due),
    streams=streams,
    decide=decide,
)
# What is told of one developer comes in the order in which it was told.
STANDINGS: Decider[SessionResult] = Decider(
    fold=SESSIONS.fold, reads=(StandingTold,), streams=streams, decide=decide, ordered=True
)

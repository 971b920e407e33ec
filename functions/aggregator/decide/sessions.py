"""One team's votes and points, until its tasks are done or its window has passed.

Reads SessionCatalogued, VoteCast, PointMarked, Due. Emits SessionOpened, MetricRecorded, SessionClosed,
PartTaken, SessionCleared. Stream: `result/<session>`.

Participants' events come in any order, also before the session itself. What counts therefore depends on the
instants in the events alone: the session ends at the first instant at which every participant had done every task,
or at its window's end, and closes when the watermark has passed that instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, assert_never

from msgspec.structs import replace

from shared.domain.event import Due, Event, Input
from shared.domain.heat import Place, placed
from shared.domain.lanes import LANES
from shared.domain.requests import PointMarked, VoteCast
from shared.domain.results import (
    BALLOTS_EACH_MAX,
    CREATIVES_MAX,
    POINTS_EACH_MAX,
    Ballot,
    Marks,
    MetricRecorded,
    PartTaken,
    Point,
    SessionCatalogued,
    SessionCleared,
    SessionClosed,
    SessionOpened,
    SessionResult,
)
from shared.runtime.shapes import Decider, Fold

EARLY_PARTICIPANTS_MAX = len(LANES)
"""Developers whose votes and points may wait for a session not known here yet: a team, as the edge checks who."""

Emitted = SessionOpened | MetricRecorded | SessionClosed | PartTaken | SessionCleared
V = TypeVar("V")
Timed = TypeVar("Timed", Ballot, Point)


def streams(happened: Input) -> list[str]:
    """The session that an input is about."""
    match happened.body:
        case SessionCatalogued() | VoteCast() | PointMarked() as body:
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
            kept = _earliest((*marked.get(image, ()), point), _points_kept(state))
            return replace(state, points=_with(state.points, event.developer, _with(marked, image, kept)))
        case MetricRecorded():
            ballot = Ballot(event.at_us, event.approved or ())
            cast = _earliest((*state.ballots.get(event.developer, ()), ballot), BALLOTS_EACH_MAX)
            return replace(state, ballots=_with(state.ballots, event.developer, cast))
        case SessionClosed():
            # The metric events themselves stay in the stream; what counts of them is in the closing event.
            return replace(state, status="closed", closed=event, ballots={}, points={})
        case PartTaken() | SessionCleared():
            return state
        case _:
            assert_never(event)


def ends_at_us(state: SessionResult) -> int | None:
    """When the session ends, by what is known now; None when it is not open."""
    if state.opened is None or state.status != "open":
        return None
    end_us = state.opened.window_end_us
    done_us = [_done_at_us(state, state.opened, seat.developer) for seat in state.opened.seats]
    return min(end_us, max(end_us if moment is None else moment for moment in done_us))


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
            return [recorded] if _counts(state, recorded) else []
        case PointMarked() as point:
            place = placed(point.x, point.y)
            if place is None:
                return []
            recorded = MetricRecorded(
                point.session, point.developer, point.marked_at_us, None, point.creative, place[0], place[1]
            )
            return [recorded] if _counts(state, recorded) else []
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


def _points_kept(state: SessionResult) -> int:
    return POINTS_EACH_MAX if state.opened is None else min(POINTS_EACH_MAX, state.opened.points_each)


def _earliest(items: Iterable[Timed], limit: int) -> tuple[Timed, ...]:
    return tuple(sorted(items)[:limit])


def _with(mapping: Mapping[str, V], key: str, value: V) -> dict[str, V]:
    # Sorted, so that the order of arrival leaves no trace in the stored state.
    return dict(sorted({**mapping, key: value}.items()))


def _done_at_us(state: SessionResult, opened: SessionOpened, developer: str) -> int | None:
    """When the participant had done every task, or None."""
    moments: list[int] = []
    if opened.copies:
        ballots = state.ballots.get(developer, ())
        if not ballots:
            return None
        moments.append(ballots[0].cast_at_us)
    for image in opened.images:
        points = state.points.get(developer, {}).get(image, ())
        asked = _points_kept(state)
        if len(points) < asked:
            return None
        moments.extend(point.marked_at_us for point in points[asked - 1 : asked])
    return max(moments, default=None)


def _closed(state: SessionResult, opened: SessionOpened, end_us: int) -> list[Emitted]:
    """The closing events: what happened until `end_us`, on the session's own creatives, counts."""
    ballots: list[tuple[str, ...]] = []
    marks: dict[str, list[Place]] = {image: [] for image in opened.images}
    parts: list[PartTaken] = []
    for seat in opened.seats:
        ballot = _ballot(state, opened, seat.developer, end_us)
        if ballot is not None:
            ballots.append(ballot)
        places = {image: _places(state, seat.developer, image, end_us) for image in opened.images}
        for image, found in places.items():
            marks[image].extend(found)
        part = PartTaken(
            session=opened.session,
            brief=opened.brief,
            client=opened.client,
            developer=seat.developer,
            lane=seat.lane,
            choice=seat.choice,
            copies=len(opened.copies),
            voted=ballot is not None,
            points_asked=len(opened.images) * _points_kept(state),
            points_marked=sum(map(len, places.values())),
        )
        if part.voted or part.points_marked:
            parts.append(part)
    closed = SessionClosed(
        session=opened.session,
        brief=opened.brief,
        client=opened.client,
        reason="tasks done" if end_us < opened.window_end_us else "window passed",
        closed_at_us=end_us,
        copies=opened.copies,
        ballots=tuple(sorted(ballots)),
        marks=tuple(Marks(image, tuple(sorted(places))) for image, places in marks.items()),
    )
    return [closed, *parts, SessionCleared(opened.session, opened.brief, opened.seats)]


def _ballot(
    state: SessionResult, opened: SessionOpened, developer: str, end_us: int
) -> tuple[str, ...] | None:
    """The copies approved by the participant's last ballot in time, None where there was none."""
    cast = [ballot for ballot in state.ballots.get(developer, ()) if ballot.cast_at_us <= end_us]
    if not (cast and opened.copies):
        return None
    return tuple(copy for copy in cast[-1].approved if copy in opened.copies)


def _places(state: SessionResult, developer: str, image: str, end_us: int) -> list[Place]:
    points = state.points.get(developer, {}).get(image, ())[: _points_kept(state)]
    return [(point.x, point.y) for point in points if point.marked_at_us <= end_us]


SESSIONS: Decider[SessionResult] = Decider(
    fold=Fold("result", SessionResult, SessionResult(), evolve, due_at_us=due_at_us),
    reads=(SessionCatalogued, VoteCast, PointMarked, Due),
    streams=streams,
    decide=decide,
)

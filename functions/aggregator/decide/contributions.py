"""What each participant did of a session's tasks, what counts of it, and what some did together. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from shared.domain.orderless import with_entry
from shared.domain.results import (
    POINTS_EACH_MAX,
    Ballot,
    Contribution,
    Marks,
    Point,
    SessionOpened,
    SessionResult,
)


def contributions(state: SessionResult, end_us: int) -> dict[str, Contribution]:
    """What each participant did of the session's own tasks until `end_us`; nobody who did nothing.

    What somebody did before they were erased is nothing.
    """
    opened = state.opened
    if opened is None:
        return {}
    done: dict[str, Contribution] = {}
    for seat in opened.seats:
        since_us = state.erased.get(seat.developer, 0)
        ballot = _ballot(state, opened, seat.developer, since_us, end_us)
        marked = {image: _marked(state, seat.developer, image, since_us, end_us) for image in opened.images}
        if ballot is not None or any(marked.values()):
            moments = (point.marked_at_us for points in marked.values() for point in points)
            done[seat.developer] = Contribution(
                None if ballot is None else tuple(copy for copy in ballot.approved if copy in opened.copies),
                tuple(
                    Marks(image, tuple(sorted((point.x, point.y) for point in points)))
                    for image, points in marked.items()
                    if points
                ),
                max([*moments, ballot.cast_at_us if ballot else 0]),
            )
    return dict(sorted(done.items()))


def _together(image: str, counts: Iterable[Contribution]) -> Marks:
    """All points on one image."""
    points = (
        point for did in counts for marks in did.marks if marks.creative == image for point in marks.points
    )
    return Marks(image, tuple(sorted(points)))


def points_kept(state: SessionResult) -> int:
    """Points of one participant on one image that count."""
    return POINTS_EACH_MAX if state.opened is None else min(POINTS_EACH_MAX, state.opened.points_each)


def _ballot(
    state: SessionResult, opened: SessionOpened, developer: str, since_us: int, end_us: int
) -> Ballot | None:
    """The participant's last ballot in time, None where there was none."""
    cast = [ballot for ballot in state.ballots.get(developer, ()) if since_us < ballot.cast_at_us <= end_us]
    return cast[-1] if cast and opened.copies else None


def _marked(state: SessionResult, developer: str, image: str, since_us: int, end_us: int) -> list[Point]:
    points = state.points.get(developer, {}).get(image, ())[: points_kept(state)]
    return [point for point in points if since_us < point.marked_at_us <= end_us]


def done_at_us(state: SessionResult, opened: SessionOpened, developer: str) -> int | None:
    """When the participant had done every task of the session, or None."""
    moments: list[int] = []
    if opened.copies:
        ballots = state.ballots.get(developer, ())
        if not ballots:
            return None
        moments.append(ballots[0].cast_at_us)
    for image in opened.images:
        points = state.points.get(developer, {}).get(image, ())
        asked = points_kept(state)
        if len(points) < asked:
            return None
        moments.extend(point.marked_at_us for point in points[asked - 1 : asked])
    return max(moments, default=None)


def counted(
    images: Iterable[Marks], done: Mapping[str, Contribution], state: SessionResult
) -> tuple[tuple[tuple[str, ...], ...], tuple[Marks, ...]]:
    """The ballots, and the marks on each image, of those whose consent stands, without their names."""
    counts = [did for developer, did in done.items() if state.stands(developer)]
    ballots = tuple(sorted(did.ballot for did in counts if did.ballot is not None))
    return ballots, tuple(_together(marks.creative, counts) for marks in images)


def without(state: SessionResult, developer: str, erased_at_us: int) -> SessionResult:
    """The session without what a participant did who was erased; what waits to be counted is passed over then."""
    did = state.done.get(developer)
    done = state.done
    if did is not None and did.last_at_us <= erased_at_us:
        done = {other: each for other, each in done.items() if other != developer}
    return replace(state, done=done, erased=with_entry(state.erased, developer, erased_at_us))

"""What each participant did of a session's tasks, and what some of them did together. Pure."""

from collections.abc import Iterable

from shared.domain.heat import Place
from shared.domain.results import POINTS_EACH_MAX, Contribution, Marks, SessionOpened, SessionResult


def contributions(state: SessionResult, end_us: int) -> dict[str, Contribution]:
    """What each participant did of the session's own tasks until `end_us`; nobody who did nothing."""
    opened = state.opened
    if opened is None:
        return {}
    done: dict[str, Contribution] = {}
    for seat in opened.seats:
        ballot = _ballot(state, opened, seat.developer, end_us)
        marks = tuple(
            Marks(image, tuple(sorted(places)))
            for image in opened.images
            if (places := _places(state, seat.developer, image, end_us))
        )
        if ballot is not None or marks:
            done[seat.developer] = Contribution(ballot, marks)
    return dict(sorted(done.items()))


def together(image: str, counts: Iterable[Contribution]) -> Marks:
    """All points on one image."""
    points = (
        point for did in counts for marks in did.marks if marks.creative == image for point in marks.points
    )
    return Marks(image, tuple(sorted(points)))


def points_kept(state: SessionResult) -> int:
    """Points of one participant on one image that count."""
    return POINTS_EACH_MAX if state.opened is None else min(POINTS_EACH_MAX, state.opened.points_each)


def _ballot(
    state: SessionResult, opened: SessionOpened, developer: str, end_us: int
) -> tuple[str, ...] | None:
    """The copies approved by the participant's last ballot in time, None where there was none."""
    cast = [ballot for ballot in state.ballots.get(developer, ()) if ballot.cast_at_us <= end_us]
    if not (cast and opened.copies):
        return None
    return tuple(copy for copy in cast[-1].approved if copy in opened.copies)


def _places(state: SessionResult, developer: str, image: str, end_us: int) -> list[Place]:
    points = state.points.get(developer, {}).get(image, ())[: points_kept(state)]
    return [(point.x, point.y) for point in points if point.marked_at_us <= end_us]

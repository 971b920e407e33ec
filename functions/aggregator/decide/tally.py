"""Merging one more closed session into a brief's result, or taking a participant's part out again.

Sums commute, so the order of closing does not matter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from shared.domain import heat, wilson
from shared.domain.brief_results import BriefResult, CopyTally, CreativeCatalogued, ImageHeat, ResultPublished
from shared.domain.results import SessionClosed, SessionRevised

POINTS_KEPT_MAX = 4_000
"""Points a result keeps besides its grids, shared out over the brief's images."""


def merged(state: BriefResult, closed: SessionClosed | SessionRevised) -> ResultPublished:
    """The brief's result with one more session in it, or with what one of its participants did put in or out."""
    before = state.result
    # A revision leaves the instant as it is: handled before the closing, the same change would need none.
    at_us = closed.closed_at_us if isinstance(closed, SessionClosed) else 0
    sessions = before.sessions if before else ()
    copies = {tally.creative: tally for tally in before.copies} if before else {}
    images = {image.creative: image for image in before.images} if before else {}
    tallies = tuple(
        _tally(creative, copies.get(creative.creative), closed)
        for creative in state.creatives
        if creative.kind == "copy" and creative.creative in {*copies, *closed.copies}
    )
    shown = {*images, *(marks.creative for marks in closed.marks)}
    pictured = [creative for creative in state.creatives if creative.creative in shown]
    kept = POINTS_KEPT_MAX // max(1, len(pictured))
    return ResultPublished(
        brief=closed.brief,
        client=closed.client,
        sessions=tuple(sorted({*sessions, closed.session})),
        copies=tallies,
        images=tuple(_heat(creative, images.get(creative.creative), closed, kept) for creative in pictured),
        leading=leading(tallies),
        published_at_us=max(at_us, before.published_at_us if before else 0),
    )


def leading(tallies: Iterable[CopyTally]) -> str | None:
    """The copy with the highest share of approvals; None on a tie, and when nobody approved anything."""
    approved = [tally for tally in tallies if tally.approvals]
    best = max((tally.share for tally in approved), default=0.0)
    ahead = [tally.creative for tally in approved if tally.share == best]
    return ahead[0] if len(ahead) == 1 else None


def _sign(closed: SessionClosed | SessionRevised) -> int:
    """Whether it adds to the result or takes from it."""
    return -1 if isinstance(closed, SessionRevised) and not closed.added else 1


def _tally(
    creative: CreativeCatalogued, before: CopyTally | None, closed: SessionClosed | SessionRevised
) -> CopyTally:
    ballots, approvals = (before.ballots, before.approvals) if before else (0, 0)
    if creative.creative in closed.copies:
        ballots += _sign(closed) * len(closed.ballots)
        approvals += _sign(closed) * sum(creative.creative in approved for approved in closed.ballots)
    low, high = wilson.interval(approvals, ballots)
    return CopyTally(
        creative=creative.creative,
        label=creative.label,
        approvals=approvals,
        ballots=ballots,
        share=approvals / ballots if ballots else 0.0,
        low=low,
        high=high,
    )


def _heat(
    creative: CreativeCatalogued, before: ImageHeat | None, closed: SessionClosed | SessionRevised, kept: int
) -> ImageHeat:
    moved = [point for marks in closed.marks if marks.creative == creative.creative for point in marks.points]
    rows, sign = heat.rows_for(creative.width_px, creative.height_px), _sign(closed)
    grid = tuple(sign * count for count in heat.counts(moved, rows))
    if before is not None:
        grid = tuple(was + more for was, more in zip(before.grid, grid, strict=True))
    marked = (before.marked if before else 0) + sign * len(moved)
    known = before.points if before else ()
    points = [*known, *moved] if sign > 0 else _without(known, moved)
    return ImageHeat(
        creative=creative.creative,
        label=creative.label,
        marked=marked,
        points=heat.sample(points, kept),
        columns=heat.COLUMNS,
        rows=rows,
        grid=grid,
        refusal=heat.refusal(marked),
    )


def _without(points: Iterable[heat.Place], gone: Sequence[heat.Place]) -> list[heat.Place]:
    """The points but those that are gone, as often as they are; a sample has some of them only."""
    left = Counter(points)
    left.subtract(Counter(gone) & left)
    return list(left.elements())

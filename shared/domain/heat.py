"""Counting points on an image into a grid, and keeping an even sample of them.

Points are (x, y) fractions of the image's width and height, from the top left. Counts are whole numbers,
so that grids of several sessions add up to the same grid in whatever order they come.
"""

from collections.abc import Sequence
from zlib import crc32

COLUMNS = 32
ROWS_MAX = 64
POINTS_LEAST = 30
"""Fewer points than this say more about the people who marked them than about the image."""
RESOLUTION = 10_000
"""Points are kept to a ten-thousandth of the image's width and height."""

Place = tuple[float, float]


def placed(x: float, y: float) -> Place | None:
    """The point at the resolution it is kept at, or None when it is not on the image."""
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        return None
    return round(x * RESOLUTION) / RESOLUTION, round(y * RESOLUTION) / RESOLUTION


def rows_for(width_px: int, height_px: int) -> int:
    """How many rows make the cells of a grid of 32 columns as nearly square as 1..64 rows allow."""
    if width_px < 1 or height_px < 1:
        return COLUMNS
    return max(1, min(ROWS_MAX, round(COLUMNS * height_px / width_px)))


def counts(points: Sequence[Place], rows: int) -> tuple[int, ...]:
    """How many points lie in each cell, row by row; the right and lower edges belong to the last."""
    grid = [0] * (COLUMNS * rows)
    for x, y in points:
        grid[min(rows - 1, int(y * rows)) * COLUMNS + min(COLUMNS - 1, int(x * COLUMNS))] += 1
    return tuple(grid)


def refusal(marked: int) -> str | None:
    """Why no heat map may be drawn of `marked` points, or None when it may."""
    return None if marked >= POINTS_LEAST else f"needs {POINTS_LEAST} points, has {marked}"


def sample(points: Sequence[Place], limit: int) -> tuple[Place, ...]:
    """At most `limit` of the points, in order of place.

    Where there are more, those whose coordinates hash lowest stay: a bottom-k sample (E. Cohen and H. Kaplan,
    "Summarizing data using bottom-k sketches", PODC 2007). It is even over the image, and a sample of samples
    is the sample of the whole, so the order in which sessions close makes no difference.
    """
    if len(points) > limit:
        points = sorted(points, key=lambda place: (crc32(b"%r,%r" % place), place))[:limit]
    return tuple(sorted(points))

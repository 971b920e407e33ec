"""A heat map of marked points, drawn over the image they were marked on.

Each point spreads as a Gaussian; the sum is shown in colour over the faded image, with a legend that says what the
colours mean, how wide the Gaussian is and how many points there were. A density of 1 is one point by itself; where
n points coincide it is n. The sums are of whole numbers, on a grid of a quarter of the picture's size: five box
filters a direction are a Gaussian to within 4 % of its height (P. Kovesi, "Fast almost-Gaussian filtering", DICTA 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from math import ceil, sqrt
from operator import sub
from typing import TYPE_CHECKING

from functions.gateway.images import load, opened
from shared.domain.heat import Place, refusal

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX_MAX = 1_600
"""The picture is drawn no larger than this on its longer side."""
QUARTER = 4
PASSES = 5
SIGMA_SHARE = 0.03
"""The Gaussian's σ when none is given, as a share of the image's longer side."""
LEVEL_MAX = 255
_OPACITY_MAX = 205
_FULL_COLOUR_BYTES_MAX = 400_000
_COLOUR_KEPT, _FADED = 0.35, 0.3
_LEGEND_HEIGHT_PX, _MARGIN_PX, _GAP_PX, _BAR_PX, _FONT_PX = 46, 14, 7, (150, 12), 14
_PAPER, _INK = (255, 255, 255), (34, 34, 34)

# Perceptually uniform: lightness rises evenly from dark violet to pale yellow, also in grey and for the colour-blind.
# Anchors at equal distances, in the manner of matplotlib's "inferno" without its black end.
_ANCHORS = (
    (40, 11, 84),
    (76, 12, 107),
    (110, 25, 110),
    (143, 38, 103),
    (175, 52, 87),
    (203, 70, 66),
    (227, 93, 44),
    (244, 123, 18),
    (251, 158, 7),
    (249, 196, 43),
    (243, 232, 104),
)


class Field:
    """The density of points over an image, on the quarter-size grid.

    `sigma_px` is the Gaussian's σ in pixels of the image, as the box filters give it; `peak` the highest density.
    """

    def __init__(
        self, size_px: tuple[int, int], points: Sequence[Place], sigma_px: float | None = None
    ) -> None:
        shown = _shown(size_px)
        self.columns, self.rows = max(1, ceil(shown[0] / QUARTER)), max(1, ceil(shown[1] / QUARTER))
        shrunk = size_px[0] / self.columns
        radii = _radii((sigma_px or SIGMA_SHARE * max(size_px)) / shrunk)
        self.sigma_px = shrunk * sqrt(sum(radius * (radius + 1) for radius in radii) / 3)
        grid = [[0] * self.columns for _ in range(self.rows)]
        for x, y in points:
            grid[min(self.rows - 1, int(y * self.rows))][min(self.columns - 1, int(x * self.columns))] += 1
        self.sums = _blurred(grid, radii)
        self.alone = _boxed([1], radii)[0] ** 2

    @property
    def peak(self) -> float:
        """The highest density: 1 is one point by itself."""
        return max(map(max, self.sums)) / self.alone

    def levels(self, peak: float) -> bytes:
        """The density as bytes, row by row; `peak` and above are 255."""
        top = max(1, round(peak * self.alone))
        return bytes(min(LEVEL_MAX, LEVEL_MAX * value // top) for row in self.sums for value in row)


def overlay(
    image: bytes,
    points: Sequence[Place],
    peak: float | None = None,
    marked: int | None = None,
) -> bytes:
    """The heat map of `points`, (x, y) fractions of the image, over the image: a PNG with a legend.

    `peak` is the density drawn hottest, by default this map's own; give the largest `Field.peak` of several images for
    one scale across them. `marked` is how many points there were where `points` is only a sample of them.

    Raises:
        ValueError: there are fewer than 30 points, or the image is not one that may be kept.
    """
    marked = len(points) if marked is None else marked
    too_few = refusal(min(marked, len(points)))
    if too_few is not None:
        raise ValueError(f"a heat map {too_few}")
    picture, size_px = _picture(image)
    field = Field(size_px, points)
    hottest = field.peak if peak is None else peak
    drawn = _heated(picture, field, hottest)
    sampled = "" if marked == len(points) else f"{len(points):,} of "
    note = f"{sampled}{marked:,} points · sigma {field.sigma_px:.0f} px"
    return _png(_with_legend(drawn, hottest, note))


def _shown(size_px: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, SIDE_PX_MAX / max(size_px))
    return max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))


def _radii(sigma: float) -> list[int]:
    """Radii of the box filters: their variances, r(r + 1) / 3 each, add up to about σ²."""
    low = int((sqrt(1 + 12 * sigma * sigma / PASSES) - 1) / 2)
    missing = sigma * sigma - PASSES * low * (low + 1) / 3
    wider = round(missing / (2 * (low + 1) / 3))
    return [low + (n < wider) for n in range(PASSES)]


def _boxed(line: Sequence[int], radii: Sequence[int]) -> list[int]:
    """The line after a box filter of each radius; beyond its ends there is nothing."""
    # What one filter carries over the end, the next may carry back.
    margin = sum(radii)
    sums = [0] * margin + [*line] + [0] * margin
    for radius in radii:
        totals = [0, *accumulate(sums)]
        ahead = totals[radius + 1 :] + [totals[-1]] * radius
        sums = list(map(sub, ahead, [0] * radius + totals))
    return sums[margin : margin + len(line)]


def _blurred(grid: Sequence[Sequence[int]], radii: Sequence[int]) -> list[tuple[int, ...]]:
    across = [_boxed(row, radii) for row in grid]
    down = [_boxed(column, radii) for column in zip(*across, strict=True)]
    return list(zip(*down, strict=True))


def _picture(data: bytes) -> tuple[Image, tuple[int, int]]:
    """The image as browsers show it, on white, no larger than it is drawn; and its full size in pixels."""
    from PIL import Image, ImageOps

    image = opened(data)
    full_px = image.size
    image.draft("RGB", _shown(full_px))
    load(image)
    image.thumbnail(_shown(full_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    upright = ImageOps.exif_transpose(image)
    if (upright.width > upright.height) != (image.width > image.height):
        full_px = full_px[1], full_px[0]
    rgba = upright.convert("RGBA")
    picture = Image.new("RGB", rgba.size, _PAPER)
    picture.paste(rgba, mask=rgba)
    return picture, full_px


def _heated(picture: Image, field: Field, peak: float) -> Image:
    from PIL import Image, ImageEnhance

    levels = Image.frombytes("L", (field.columns, field.rows), field.levels(peak))
    levels = levels.resize(picture.size, Image.Resampling.BICUBIC)
    colours = levels.copy()
    colours.putpalette([channel for level in range(LEVEL_MAX + 1) for channel in colour(level / LEVEL_MAX)])
    # The veil thickens quickly, so that single points are seen, but from nothing, so that they have no rim.
    veil = levels.point(
        [round(_OPACITY_MAX * (1 - (1 - n / LEVEL_MAX) ** 2.5)) for n in range(LEVEL_MAX + 1)]
    )
    faded = ImageEnhance.Color(picture).enhance(_COLOUR_KEPT)
    faded = Image.blend(faded, Image.new("RGB", faded.size, _PAPER), _FADED)
    faded.paste(colours.convert("RGB"), mask=veil)
    return faded


def colour(heat: float) -> tuple[int, int, int]:
    """The map's colour at `heat` of 0..1, between its two nearest anchors."""
    place = heat * (len(_ANCHORS) - 1)
    below = min(int(place), len(_ANCHORS) - 2)
    share = place - below
    red, green, blue = (
        round(low + (high - low) * share)
        for low, high in zip(_ANCHORS[below], _ANCHORS[below + 1], strict=True)
    )
    return red, green, blue


def _with_legend(picture: Image, peak: float, note: str) -> Image:
    """The picture with a line below it that says what it shows; a narrow one gets a margin for its sake."""
    from PIL import Image, ImageDraw, ImageFont

    font, (bar_width, bar_height) = ImageFont.load_default(_FONT_PX), _BAR_PX
    hottest = f"{peak:.1f} points together"
    bar = _MARGIN_PX + ceil(font.getlength("0")) + _GAP_PX
    above = bar + bar_width + _GAP_PX
    needed = above + ceil(font.getlength(hottest)) + 3 * _GAP_PX + ceil(font.getlength(note)) + _MARGIN_PX
    width, middle = max(picture.width, needed), picture.height + _LEGEND_HEIGHT_PX // 2
    sheet = Image.new("RGB", (width, picture.height + _LEGEND_HEIGHT_PX), _PAPER)
    sheet.paste(picture, ((width - picture.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN_PX, middle), "0", _INK, font, anchor="lm")
    for x in range(bar_width):
        column = (bar + x, middle - bar_height // 2, bar + x, middle + bar_height // 2)
        pen.rectangle(column, colour(x / (bar_width - 1)))
    pen.text((above, middle), hottest, _INK, font, anchor="lm")
    pen.text((width - _MARGIN_PX, middle), note, _INK, font, anchor="rm")
    return sheet


def _png(picture: Image) -> bytes:
    """The picture as PNG: drawn images in full colour; photographs, a third of the size, in 256 dithered colours."""
    from PIL import Image

    file = BytesIO()
    picture.save(file, "PNG")
    if file.tell() <= _FULL_COLOUR_BYTES_MAX:
        return file.getvalue()
    # The palette covers colours, not areas: the hottest places are small.
    palette = picture.quantize(256, Image.Quantize.MAXCOVERAGE)
    file = BytesIO()
    picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(file, "PNG")
    return file.getvalue()

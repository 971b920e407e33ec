"""The heat map over an image: where it is hot, what the legend may say, what is refused."""

from io import BytesIO
from itertools import pairwise
from math import exp, hypot
from random import Random

import pytest
from PIL import Image

from functions.gateway.overlay import SIDE_PX_MAX, Field, colour, overlay


def picture(width_px: int = 400, height_px: int = 300, kind: str = "PNG", mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.new(mode, (width_px, height_px), 255 if mode == "L" else (250, 250, 250)).save(file, kind)
    return file.getvalue()


def drawn(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    assert image.format == "PNG"
    return image.convert("RGB")


def lightness(pixel: object) -> float:
    """CIE 1976 lightness of an sRGB colour, 0..100."""
    assert isinstance(pixel, tuple)
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in pixel[:3])
    ]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return float(116 * (y ** (1 / 3) if y > 0.008856 else 7.787 * y + 16 / 116) - 16)


def test_it_is_hot_where_the_points_are_and_untouched_where_there_are_none() -> None:
    image = drawn(overlay(picture(800, 500), [(0.25, 0.5)] * 40))
    red, green, blue = image.getpixel((200, 250))  # type: ignore[misc]  # an RGB pixel is a triple
    assert min(red, green) > 180 > blue
    red, green, blue = image.getpixel((700, 250))  # type: ignore[misc]  # likewise
    assert min(red, green, blue) > 245


@pytest.mark.parametrize("count", [0, 1, 29])
def test_too_few_points_are_refused_with_their_number(count: int) -> None:
    with pytest.raises(ValueError, match=f"needs 30 points, has {count}"):
        overlay(picture(), [(0.5, 0.5)] * count)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        overlay(b"nothing", [(0.5, 0.5)] * 30)


def test_one_point_by_itself_has_a_density_of_1() -> None:
    assert Field((400, 300), [(0.5, 0.5)]).peak == pytest.approx(1)
    assert Field((400, 300), [(0.5, 0.5)] * 7).peak == pytest.approx(7)


@pytest.mark.parametrize("sigma_px", [8.0, 17.0, 40.0, 100.0])
def test_the_spread_is_that_of_a_gaussian(sigma_px: float) -> None:
    field = Field((1_600, 1_600), [(0.5, 0.5)], sigma_px)
    assert field.sigma_px == pytest.approx(sigma_px, rel=0.1)
    middle, cell_px = field.columns // 2, 1_600 / field.columns
    for away in (0.5, 1.0, 1.5, 2.0):
        steps = round(away * field.sigma_px / cell_px)
        expected = exp(-((steps * cell_px / field.sigma_px) ** 2) / 2)
        assert field.sums[middle][middle + steps] / field.alone == pytest.approx(expected, abs=0.04)


def test_density_does_not_depend_on_the_order_of_points() -> None:
    random = Random(2)
    points = [(random.random(), random.random()) for _ in range(100)]
    assert overlay(picture(), points) == overlay(picture(), points[::-1])


def test_points_on_the_edges_are_drawn() -> None:
    field = Field((400, 300), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
    corners = [field.sums[y][x] for y in (0, -1) for x in (0, -1)]
    assert corners == [field.alone] * 4


def test_one_scale_across_variants_keeps_the_cooler_one_cool() -> None:
    own, shared = (drawn(overlay(picture(800, 500), [(0.5, 0.5)] * 30, peak=peak)) for peak in (None, 300.0))
    assert lightness(own.getpixel((400, 250))) > lightness(shared.getpixel((400, 250)))


def test_lightness_rises_evenly_along_the_map() -> None:
    steps = [lightness(colour(n / 20)) for n in range(21)]
    rises = [after - before for before, after in pairwise(steps)]
    assert min(rises) > 1.5
    assert max(rises) < 3 * min(rises)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_kind_of_image_is_drawn_on(kind: str) -> None:
    assert drawn(overlay(picture(800, 500, kind), [(0.5, 0.5)] * 30)).width == 800


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (1, 5_000), (5_000, 1), (3_000, 2_000)])
def test_every_shape_is_drawn_within_the_limit(width_px: int, height_px: int) -> None:
    random = Random(4)
    points = [(random.random(), random.random()) for _ in range(50)]
    image = drawn(overlay(picture(width_px, height_px), points))
    assert image.width <= SIDE_PX_MAX
    assert image.height <= SIDE_PX_MAX + 60


def test_a_photograph_is_drawn_in_a_palette() -> None:
    file = BytesIO()
    Image.frombytes("RGB", (640, 480), Random(6).randbytes(640 * 480 * 3)).save(file, "PNG")
    assert Image.open(BytesIO(overlay(file.getvalue(), [(0.5, 0.5)] * 30))).mode == "P"


def test_a_photograph_taken_sideways_is_drawn_upright() -> None:
    file, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1_280, 960), (250, 250, 250)).save(file, "JPEG", exif=exif)
    image = drawn(overlay(file.getvalue(), [(0.5, 0.75)] * 30))
    assert image.size[0] == 960
    hot = max(
        ((x, y) for x in range(0, 960, 16) for y in range(0, 1_280, 16)),
        key=lambda place: max(image.getpixel(place)) - min(image.getpixel(place)),  # type: ignore[arg-type]  # an RGB pixel is a triple
    )
    assert hypot(hot[0] - 480, hot[1] - 960) < 80

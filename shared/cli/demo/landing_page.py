"""The image of the demo's brief: the top of a landing page, drawn when it is needed."""

from io import BytesIO
from math import sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw

WIDTH_PX, HEIGHT_PX = 1200, 800
CALL_TO_ACTION = (0.197, 0.664)  # the middle of its button, as fractions of width and height
SMOOTHING = 2  # drawn this many times larger and scaled down, for soft edges

INK, QUIET, PAPER = "#12343b", "#4f6d73", "#fbf8f1"
SUN, CORAL, SKY = "#f6c667", "#e4572e", "#d9ecec"
WAVES = ("#8cc7c4", "#4fa3a5", "#2c7a86", "#175a68")


def draw() -> bytes:
    """The page as PNG, 1200 x 800 pixels."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH_PX * SMOOTHING, HEIGHT_PX * SMOOTHING), PAPER)
    pen = ImageDraw.Draw(image)
    _sea(pen)
    _bar(pen)
    _pitch(pen)
    png = BytesIO()
    image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS).save(png, "PNG", optimize=True)
    return png.getvalue()


def _sea(pen: "ImageDraw.ImageDraw") -> None:
    s = SMOOTHING
    pen.rounded_rectangle((640 * s, 130 * s, 1140 * s, 700 * s), 28 * s, fill=SKY)
    pen.ellipse((890 * s, 190 * s, 1030 * s, 330 * s), fill=SUN)
    for number, colour in enumerate(WAVES):
        level, phase = 400 + number * 72, number * 1.7
        crest = [(x * s, (level + 17 * sin(x / 46 + phase)) * s) for x in range(640, 1141, 4)]
        pen.polygon([*crest, (1140 * s, 700 * s), (640 * s, 700 * s)], fill=colour)
    # A boat on the second wave.
    pen.polygon([(760 * s, 462 * s), (870 * s, 462 * s), (846 * s, 492 * s), (784 * s, 492 * s)], fill=INK)
    pen.polygon([(812 * s, 360 * s), (812 * s, 452 * s), (872 * s, 452 * s)], fill=PAPER)
    pen.polygon([(804 * s, 384 * s), (804 * s, 452 * s), (764 * s, 452 * s)], fill=CORAL)
    # The picture's lower corners are round again: what the waves painted over is covered.
    for x, begin in ((640, 90), (1084, 0)):
        corner = (x * s, 644 * s, (x + 56) * s, 700 * s)
        edge = x if begin == 90 else x + 28
        pen.rectangle((edge * s, 672 * s, (edge + 28) * s, 700 * s), fill=PAPER)
        pen.pieslice(corner, begin, begin + 90, fill=WAVES[-1])


def _bar(pen: "ImageDraw.ImageDraw") -> None:
    s = SMOOTHING
    pen.ellipse((60 * s, 38 * s, 92 * s, 70 * s), fill=WAVES[2])
    _write(pen, (104, 40), "Tide Fund", 24, INK)
    for x, word in ((744, "Beaches"), (846, "Volunteers"), (968, "Reports")):
        _write(pen, (x, 44), word, 19, QUIET)
    pen.rounded_rectangle((1064 * s, 34 * s, 1140 * s, 76 * s), 21 * s, outline=INK, width=2 * s)
    _write(pen, (1081, 44), "Log in", 16, INK)


def _pitch(pen: "ImageDraw.ImageDraw") -> None:
    s = SMOOTHING
    _write(pen, (60, 150), "FOR THE COAST WE SHARE", 17, CORAL)
    for number, line in enumerate(("Your beach,", "clean by", "Saturday.")):
        _write(pen, (57, 186 + number * 76), line, 70, INK)
    _write(pen, (60, 444), "Two hours, a pair of gloves and forty neighbours.", 20, QUIET)
    pen.rounded_rectangle((60 * s, 496 * s, 412 * s, 566 * s), 35 * s, fill=CORAL)
    _write(pen, (104, 514), "Find a clean-up near me", 24, PAPER)
    _write(pen, (60, 592), "or give 5 a month and stay dry", 17, QUIET)
    for number, (figure, word) in enumerate((("312", "beaches"), ("48 t", "of litter"), ("9,400", "people"))):
        _write(pen, (60 + number * 140, 650), figure, 28, INK)
        _write(pen, (60 + number * 140, 686), word, 16, QUIET)


def _write(pen: "ImageDraw.ImageDraw", at: tuple[int, int], text: str, size_px: int, colour: str) -> None:
    from PIL import ImageFont

    place = (at[0] * SMOOTHING, at[1] * SMOOTHING)
    pen.text(place, text, fill=colour, font=ImageFont.load_default(size_px * SMOOTHING))

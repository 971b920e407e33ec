"""Which pictures are taken, and why the others are not."""

from contextlib import suppress
from io import BytesIO
from random import Random
from struct import pack
from zlib import compress, crc32

import pytest
from PIL import Image

from functions.gateway.images import SIZE_BYTES_MAX, verify


def encoded(kind: str, width_px: int = 64, height_px: int = 48) -> bytes:
    file = BytesIO()
    Image.frombytes("RGB", (width_px, height_px), Random(1).randbytes(3 * width_px * height_px)).save(
        file, kind
    )
    return file.getvalue()


def png_of(width_px: int, height_px: int) -> bytes:
    """A PNG whose header claims that size; its pixels are one empty line."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", crc32(name + data))

    header = pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", compress(b"\0" * 10))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_the_four_kinds_are_taken_with_their_size(kind: str, media_type: str) -> None:
    assert verify(encoded(kind)) == (media_type, 64, 48)


def test_a_photograph_taken_sideways_has_the_size_that_browsers_show() -> None:
    file, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif)
    assert verify(file.getvalue()) == ("image/jpeg", 48, 64)


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG, JPEG, WebP or GIF image"):
        verify(data)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO"])
def test_other_kinds_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="not a PNG, JPEG, WebP or GIF image"):
        verify(encoded(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_picture_that_is_cut_short_is_refused(kind: str, share: float) -> None:
    data = encoded(kind)
    with pytest.raises(ValueError, match=r"image"):
        verify(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("width_px", "height_px"), [(8_000, 5_001), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_decompression_bomb_is_refused_before_it_is_decoded(width_px: int, height_px: int) -> None:
    with pytest.raises(
        ValueError, match=f"40 megapixels at most, this one is {width_px} × {height_px} pixels"
    ):
        verify(png_of(width_px, height_px))


def test_too_many_bytes_are_refused_with_their_number() -> None:
    with pytest.raises(
        ValueError, match=f"{SIZE_BYTES_MAX} bytes at most, this one has {SIZE_BYTES_MAX + 1}"
    ):
        verify(bytes(SIZE_BYTES_MAX + 1))


def test_noise_after_a_magic_number_never_ends_in_another_error() -> None:
    random = Random(5)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = encoded(kind)
        for _ in range(100):
            broken = bytearray(whole)
            for _ in range(random.randint(1, 8)):
                broken[random.randrange(4, len(broken))] = random.randrange(256)
            with suppress(ValueError):
                verify(bytes(broken))

"""Pictures from outside: what they are, and whether they may be kept.

Pillow is imported where it is used, as most requests never need it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 40_000_000
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)


def verify(data: bytes) -> tuple[str, int, int]:
    """The picture's media type, and its width and height in pixels as browsers show it.

    The whole of its first frame is decoded, so that a picture which is kept can also be drawn on.

    Raises:
        ValueError: it is not a complete PNG, JPEG, WebP or GIF of at most 10 MiB and 40 megapixels; says why.
    """
    if len(data) > SIZE_BYTES_MAX:
        raise ValueError(f"an image may have {SIZE_BYTES_MAX} bytes at most, this one has {len(data)}")
    image = opened(data)
    width_px, height_px = image.size
    media_type = MEDIA_TYPES[image.format or ""]
    # A JPEG can be decoded at an eighth of its size, which needs a 64th of the memory and still reads all of it.
    image.draft(None, (width_px // 8, height_px // 8))
    load(image)
    if image.getexif().get(_EXIF_ORIENTATION) in _SIDEWAYS:
        width_px, height_px = height_px, width_px
    return media_type, width_px, height_px


def opened(data: bytes) -> Image:
    """The picture, its header read and its limits checked, its pixels not yet decoded.

    Raises:
        ValueError: it is none of the four kinds, or has too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    # Pillow's own limit only warns; the header is read before any pixel is, and decides here.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(BytesIO(data), formats=list(MEDIA_TYPES))
    except UnidentifiedImageError:
        raise ValueError("not a PNG, JPEG, WebP or GIF image") from None
    except Exception as error:
        raise ValueError(f"the image's header cannot be read: {error}") from error
    if image.width * image.height > PIXELS_MAX:
        raise ValueError(
            f"an image may have {PIXELS_MAX // 1_000_000} megapixels at most,"
            f" this one is {image.width} × {image.height} pixels"
        )
    return image


def load(image: Image) -> None:
    """Decode the picture's pixels, and what it says about itself.

    Raises:
        ValueError: it is broken or cut short.
    """
    try:
        image.load()
        image.getexif()
    except Exception as error:
        # Decoders raise all sorts of errors, and of bytes from outside each means the same.
        raise ValueError(f"the image is broken or cut short: {error}") from error

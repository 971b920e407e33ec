"""Scanning: every byte of something, what is compressed inflated, so that what lies anywhere in it is found."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_INFLATED_BYTES_MAX = 64 * 1024 * 1024


def everything(folder: Path) -> bytes:
    """Every byte of every file of the folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return b"\0".join(layer for path in files for layer in layers(path.read_bytes()))


def layers(data: bytes) -> Iterator[bytes]:
    """The bytes as they are, and what any of them inflate to: segments of the archive, objects of a git pack."""
    yield data
    view = memoryview(data)
    for found in _ZLIB.finditer(data):
        try:
            yield zlib.decompressobj().decompress(view[found.start() :], _INFLATED_BYTES_MAX)
        except zlib.error:
            continue

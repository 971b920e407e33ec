"""How large the objects of a pack are, before any is unpacked.

A small object may be a delta to a large one, which is unpacked whole; and what is unpacked is what the index leads to,
and what that is a delta to. The sizes stand at the beginning of each, so a few bytes of each are looked at.
Source: https://git-scm.com/docs/pack-format
"""

from __future__ import annotations

import mmap
import sys
import zlib
from array import array
from bisect import bisect_left
from pathlib import Path

_HEAD, _NAMES, _DIGEST = 8, 8 + 4 * 256, 20
_COMMIT, _TAG, _BY_OFFSET, _BY_NAME = 1, 4, 6, 7
_FAR = 1 << 31
"""The bit of an offset that says that it is in the second list, of 64 bits each."""
_BEGIN = 64
"""Bytes that hold the beginning of an object; and the unpacked ones that hold the two sizes at a delta's."""


def check_sizes(pack: Path, index: Path, size_bytes_max: int, deltas_max: int) -> None:
    """Nothing, when no object that the index (version 2) names, and no delta that leads to one, is over the limits.

    Raises:
        ValueError: one is, or pack and index are not what they have to be.
        OSError: one of them cannot be read.
    """
    with index.open("rb") as index_file, pack.open("rb") as pack_file:
        named = _Index(mmap.mmap(index_file.fileno(), 0, access=mmap.ACCESS_READ))
        data = mmap.mmap(pack_file.fileno(), 0, access=mmap.ACCESS_READ)
    with named.data, data:
        bases: dict[int, int] = {}
        for offset in named.offsets:
            size_bytes, base = _looked_at(data, offset, named)
            if size_bytes > size_bytes_max:
                raise ValueError(f"an object of {size_bytes} bytes, at most {size_bytes_max}")
            if base is not None:
                bases[offset] = base
        known: dict[int, int] = {}
        for offset in bases:
            if _deltas(offset, bases, known) > deltas_max:
                raise ValueError(f"over {deltas_max} deltas upon deltas")


def _deltas(offset: int, bases: dict[int, int], known: dict[int, int]) -> int:
    """How many deltas lead to the object at an offset, itself included. What is found out is kept in `known`."""
    way: list[int] = []
    while offset in bases and offset not in known:
        way.append(offset)
        known[offset] = len(bases) + 1  # Who comes here again goes round in a circle.
        offset = bases[offset]
    deltas = known.get(offset, 0)
    if deltas > len(bases):
        raise ValueError("deltas in it are made of themselves")
    for one in reversed(way):
        deltas = known[one] = deltas + 1
    return deltas


class _Index:
    """An index: where each object stands, in order, and where one stands by its name."""

    def __init__(self, data: mmap.mmap) -> None:
        """Read the offsets.

        Raises:
            ValueError: it is none of version 2, or cut short.
        """
        self.data = data
        if data[:_HEAD] != b"\377tOc\0\0\0\2" or len(data) < _NAMES + 2 * _DIGEST:
            raise ValueError("its index is not of version 2")
        self._count = int.from_bytes(data[_NAMES - 4 : _NAMES])
        near = _NAMES + (_DIGEST + 4) * self._count
        far, end = near + 4 * self._count, len(data) - 2 * _DIGEST
        if far > end:
            raise ValueError("its index is cut short")
        offsets = array("I", data[near:far])
        more = array("Q", data[far : end - (end - far) % 8])
        if sys.byteorder == "little":
            offsets.byteswap()
            more.byteswap()
        if any(offset >= _FAR and offset - _FAR >= len(more) for offset in offsets):
            raise ValueError("its index is cut short")
        self._places = array("Q", (more[each - _FAR] if each >= _FAR else each for each in offsets))
        self.offsets = array("Q", sorted(self._places))

    def knows(self, offset: int) -> bool:
        """Whether an object stands there."""
        place = bisect_left(self.offsets, offset)
        return place < self._count and self.offsets[place] == offset

    def place_of(self, name: bytes) -> int | None:
        """Where the object of that name stands."""
        place = bisect_left(range(self._count), name, key=self._name)
        return self._places[place] if place < self._count and self._name(place) == name else None

    def _name(self, place: int) -> bytes:
        return self.data[_NAMES + _DIGEST * place : _NAMES + _DIGEST * (place + 1)]


def _looked_at(data: mmap.mmap, offset: int, named: _Index) -> tuple[int, int | None]:
    """The bytes that the object at an offset takes, and where stands what it is a delta to, if it is one.

    For a delta these are the most of its own, of what it is applied to, and of what it makes.
    """
    begin = data[offset : offset + _BEGIN]
    kind, size_bytes, at = _head(begin)
    if _COMMIT <= kind <= _TAG:
        return size_bytes, None
    base: int | None
    if kind == _BY_OFFSET:
        back, at = _back(begin, at)
        base = offset - back
    elif kind == _BY_NAME:
        base, at = named.place_of(begin[at : at + _DIGEST]), at + _DIGEST
    else:
        raise ValueError(f"the object at {offset} is of no kind there is")
    if base is None or not named.knows(base):
        raise ValueError(f"the object at {offset} is made of one that the index does not name")
    try:
        delta = zlib.decompressobj().decompress(data[offset + at : offset + at + 2 * _BEGIN], _BEGIN)
    except zlib.error as error:
        raise ValueError(f"the delta at {offset} cannot be unpacked") from error
    from_bytes, at = _size(delta, 0)
    to_bytes, _ = _size(delta, at)
    return max(size_bytes, from_bytes, to_bytes), base


def _head(begin: bytes) -> tuple[int, int, int]:
    """An object's kind, its size, and how many bytes say so."""
    if not begin:
        raise ValueError("its index leads behind its end")
    rest, at = _size(begin, 1) if begin[0] & 0x80 else (0, 1)
    return begin[0] >> 4 & 7, begin[0] & 15 | rest << 4, at


def _size(begin: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the last ones first; and where it ends."""
    number = shift = 0
    for byte in begin[at : at + 10]:
        number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
        if not byte & 0x80:
            return number, at
    raise ValueError("a size in it has no end")


def _back(begin: bytes, at: int) -> tuple[int, int]:
    """How far before a delta its base stands; and where that number ends."""
    number = -1
    for byte in begin[at : at + 10]:
        number, at = number + 1 << 7 | byte & 0x7F, at + 1
        if not byte & 0x80:
            return number, at
    raise ValueError("an offset in it has no end")

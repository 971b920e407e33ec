"""Packs: the ledger's git objects in files that git itself reads, made in memory and named after their contents.

Nothing in them is a delta, so packs are joined by putting one's objects after another's; nothing is compressed anew.
Source: https://git-scm.com/docs/pack-format
"""

import struct
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha1
from itertools import accumulate

from msgspec import Struct

from shared.domain.git_objects import named

PACK_TYPE, INDEX_TYPE = "application/x-git-packed-objects", "application/x-git-packed-objects-toc"
"""Media types, as `git http-backend` gives them."""
_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_HEAD_BYTES, _DIGEST_BYTES = 12, 20
_NAMES = 8 + 4 * 256
"""Where the names begin in an index: after its head and how many there are up to each first byte."""


class Pack(Struct, frozen=True):
    """A pack and its index, as the bytes of their files. `name` is the digest that both end in."""

    name: str
    data: bytes
    index: bytes

    @property
    def objects(self) -> int:
        """How many objects are in it."""
        return int.from_bytes(self.data[8:_HEAD_BYTES])


def pack_name(name: str) -> str:
    """Where a pack lies in the bucket."""
    return f"ledger/objects/pack/pack-{name}.pack"


def index_name(name: str) -> str:
    """Where its index lies."""
    return f"ledger/objects/pack/pack-{name}.idx"


def holds(index: bytes, name: str) -> bool:
    """Whether the pack with this index (version 2) holds the object."""
    wanted = bytes.fromhex(name)

    def below(first_byte: int) -> int:
        """How many names begin with that byte or a lower one."""
        return int.from_bytes(index[8 + 4 * first_byte :][:4]) if first_byte >= 0 else 0

    def at(place: int) -> bytes:
        return index[_NAMES + _DIGEST_BYTES * place : _NAMES + _DIGEST_BYTES * (place + 1)]

    place = bisect_left(range(below(255)), wanted, below(wanted[0] - 1), below(wanted[0]), key=at)
    return place < below(255) and at(place) == wanted


def _entries(index: bytes) -> list[tuple[bytes, int, int]]:
    """The names, checksums and offsets that are in an index."""
    count = int.from_bytes(index[_NAMES - 4 : _NAMES])
    checksums = _NAMES + _DIGEST_BYTES * count
    offsets = checksums + 4 * count
    names = struct.iter_unpack(f"{_DIGEST_BYTES}s", index[_NAMES:checksums])
    numbers = struct.unpack(f">{2 * count}I", index[checksums : offsets + 4 * count])
    return [(name, numbers[n], numbers[count + n]) for n, (name,) in enumerate(names)]


def _index(entries: list[tuple[bytes, int, int]], digest: bytes) -> bytes:
    """The index, version 2, over names, checksums and offsets below 2^31, of the pack with that digest."""
    entries.sort()
    upto = Counter(name[0] for name, _, _ in entries)
    fan_out = accumulate(upto[first_byte] for first_byte in range(256))
    body = b"".join(
        (
            b"\377tOc",
            struct.pack(">257I", 2, *fan_out),
            *(name for name, _, _ in entries),
            struct.pack(f">{len(entries)}I", *(checksum for _, checksum, _ in entries)),
            struct.pack(f">{len(entries)}I", *(offset for _, _, offset in entries)),
            digest,
        )
    )
    return body + sha1(body, usedforsecurity=False).digest()


def _packed(kind: str, raw: bytes) -> bytes:
    """An object as a pack holds it: its kind and size, seven bits a byte (the first four), then deflated."""
    size = len(raw)
    head = bytearray([_KINDS[kind] << 4 | size & 15])
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(raw)


def pack(objects: Iterable[tuple[str, bytes]], absorbed: Sequence[Pack] = ()) -> Pack:
    """A pack of objects, given as (kind, raw), after those of the packs that it takes the place of.

    No object may be there twice; all together may have 2 GiB.
    """
    pieces: list[bytes | memoryview] = []
    entries: list[tuple[bytes, int, int]] = []
    end = _HEAD_BYTES
    for other in absorbed:
        shift = end - _HEAD_BYTES
        entries += [(name, checksum, offset + shift) for name, checksum, offset in _entries(other.index)]
        pieces.append(memoryview(other.data)[_HEAD_BYTES:-_DIGEST_BYTES])
        end += len(pieces[-1])
    for kind, raw in objects:
        packed = _packed(kind, raw)
        entries.append((bytes.fromhex(named(kind, raw)), zlib.crc32(packed), end))
        pieces.append(packed)
        end += len(packed)
    body = b"".join((b"PACK", struct.pack(">2I", 2, len(entries)), *pieces))
    digest = sha1(body, usedforsecurity=False).digest()
    return Pack(digest.hex(), body + digest, _index(entries, digest))

"""Packs: the ledger's git objects in files that git itself reads, made in memory and named after their contents.

Nothing in them is a delta, so packs are joined by putting one's objects after another's; nothing is compressed anew.
Source: https://git-scm.com/docs/pack-format
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha1
from io import BytesIO

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


def _entries(pack: Pack) -> list[tuple[bytes, int, int]]:
    """The names, offsets and checksums that are in a pack's index."""
    from dulwich.object_format import SHA1
    from dulwich.pack import load_pack_index_file

    index = load_pack_index_file(index_name(pack.name), BytesIO(pack.index), SHA1)
    try:
        return [(name, offset, crc or 0) for name, offset, crc in index.iterentries()]
    finally:
        index.close()


def pack(objects: Iterable[tuple[str, bytes]], absorbed: Sequence[Pack] = ()) -> Pack:
    """A pack of objects, given as (kind, raw), after those of the packs that it takes the place of.

    No object may be there twice.
    """
    from dulwich.object_format import SHA1
    from dulwich.pack import pack_object_header, write_pack_index_v2

    pieces: list[bytes | memoryview] = []
    entries: list[tuple[bytes, int, int]] = []
    end = _HEAD_BYTES
    for other in absorbed:
        shift = end - _HEAD_BYTES
        entries += [(name, offset + shift, crc) for name, offset, crc in _entries(other)]
        pieces.append(memoryview(other.data)[_HEAD_BYTES:-_DIGEST_BYTES])
        end += len(pieces[-1])
    for kind, raw in objects:
        packed = bytes(pack_object_header(_KINDS[kind], None, len(raw), SHA1)) + zlib.compress(raw)
        entries.append((bytes.fromhex(named(kind, raw)), end, zlib.crc32(packed)))
        pieces.append(packed)
        end += len(packed)
    head = b"PACK" + (2).to_bytes(4) + len(entries).to_bytes(4)
    body = b"".join((head, *pieces))
    digest = sha1(body, usedforsecurity=False).digest()
    index = BytesIO()
    write_pack_index_v2(index, sorted(entries), digest)
    return Pack(digest.hex(), body + digest, index.getvalue())

"""Segments: the log in immutable pieces that vouch for each other.

A segment is a file of lines, one event each, as a CloudEvent in structured JSON with its position in the log; it is
compressed with zlib. Beside it lies its manifest. The lines of a segment depend on nothing but its events, so
whoever seals the same events seals the same lines; the digest is of the lines, as compressors differ.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from shared.domain.event import Recorded
from shared.domain.instants import from_rfc3339

EVENTS_MAX = 10_000
RAW_SIZE_BYTES_MAX = 16 * 1024 * 1024
"""A segment ends with the line that takes it over this."""
LINE_SIZE_BYTES_MAX = 2 * 1024 * 1024
"""The longest line that is read back: the largest event a store keeps, written out, with room to spare."""
PREFIX = "segments/"
_LINES, _MANIFEST = ".jsonl.zz", ".json"
_INFLATED_AT_ONCE = 256 * 1024

_encode = msgspec.json.Encoder().encode


class Tampered(Exception):
    """A segment, or the chain of segments, is not what was sealed. The message names the segment."""


class Manifest(Struct, frozen=True):
    """What a segment holds: positions `first`..`last`, and the digests of SegmentSealed."""

    blob: str
    first: int
    last: int
    events: int
    size_bytes: int
    digest: str
    chain: str


class Segment(Struct, frozen=True):
    """A segment ready to be put away: its manifest and its compressed lines."""

    manifest: Manifest
    lines: bytes


class _Line(Struct, frozen=True):
    """The attributes of a line from which its event can be made again."""

    id: str
    type: str
    subject: str
    time: str
    recordedtime: str
    correlationid: str
    causationid: str
    sequence: str
    position: int
    data: msgspec.Raw = msgspec.Raw()
    data_base64: bytes | None = None


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_manifest = msgspec.json.Decoder(Manifest).decode


def to_line(event: Recorded) -> bytes:
    """The event as one line of JSON, with its end of line. Data that is not one line of JSON goes as base64."""
    written: dict[str, Any] = {**event.cloudevent(), "position": event.position}
    if not _is_one_line_of_json(event.data):
        # CloudEvents JSON format 1.0.2, section 3.1.1: binary data is in `data_base64`.
        del written["data"]
        written["data_base64"] = event.data
    return _encode(written) + b"\n"


def from_line(line: bytes) -> Recorded:
    """The event that `to_line` wrote, byte for byte the same.

    Raises:
        ValueError: it is not such a line.
    """
    try:
        read = _decode_line(line)
        return Recorded(
            id=read.id,
            type=read.type,
            stream=read.subject,
            version=int(read.sequence),
            time_us=from_rfc3339(read.time),
            recorded_us=from_rfc3339(read.recordedtime),
            correlation=read.correlationid,
            causation=read.causationid,
            data=bytes(read.data) if read.data_base64 is None else read.data_base64,
            position=read.position,
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a line of a segment: {error}") from error


def _is_one_line_of_json(data: bytes) -> bool:
    if b"\n" in data or b"\r" in data:
        return False
    try:
        data.decode()
        return bytes(msgspec.json.decode(data, type=msgspec.Raw)) == data
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def seal(events: Iterable[Recorded], chain: str, last: int | None = None) -> Segment | None:
    """The next segment: events from the front of `events`, until one of its limits or position `last` is reached.

    `events` are in order of position and are taken one by one, so they need not all be in memory. `chain` is the
    chain before it, empty for the first. None when there are no events.
    """
    deflate, digest = zlib.compressobj(6), sha256()
    pieces: list[bytes] = []
    first = end = count = size_bytes = 0
    for event in events:
        line = to_line(event)
        first, end, count = first or event.position, event.position, count + 1
        size_bytes += len(line)
        digest.update(line)
        pieces.append(deflate.compress(line))
        if count == EVENTS_MAX or size_bytes >= RAW_SIZE_BYTES_MAX or end == last:
            break
    if not count:
        return None
    pieces.append(deflate.flush())
    manifest = Manifest(
        blob=f"{starting(first)}{end:020d}{_LINES}",
        first=first,
        last=end,
        events=count,
        size_bytes=size_bytes,
        digest=digest.hexdigest(),
        chain=linked(chain, digest.hexdigest()),
    )
    return Segment(manifest, b"".join(pieces))


def linked(chain: str, digest: str) -> str:
    """The chain after a segment with that digest."""
    return sha256((chain + digest).encode()).hexdigest()


def starting(first: int) -> str:
    """What the names of a segment that begins at that position begin with."""
    return f"{PREFIX}{first:020d}-"


def last_in(name: str) -> int | None:
    """The last position of the segment whose lines have that name in the bucket, None for other names."""
    last = name.removesuffix(_LINES).rpartition("-")[2]
    return int(last) if name.startswith(PREFIX) and name.endswith(_LINES) and last.isdecimal() else None


def is_manifest(name: str) -> bool:
    """Whether that name in the bucket is a manifest's."""
    return name.startswith(PREFIX) and name.endswith(_MANIFEST)


def manifest_name(manifest: Manifest) -> str:
    """The name of the manifest in the bucket, beside its segment."""
    return manifest.blob.removesuffix(_LINES) + _MANIFEST


def to_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return _encode(manifest)


def from_manifest(data: bytes) -> Manifest:
    """The manifest that `data` holds.

    Raises:
        Tampered: it holds none.
    """
    try:
        return _decode_manifest(data)
    except msgspec.MsgspecError as error:
        raise Tampered(f"not a manifest: {error}") from error


def lines(compressed: bytes, size_bytes: int) -> Iterator[bytes]:
    """The lines of a segment, each with its end of line, a little at a time.

    Raises:
        ValueError: it is not compressed lines, or more than `size_bytes` of them.
    """
    inflate, rest, total = zlib.decompressobj(), b"", 0
    todo = compressed
    while todo and not inflate.eof:
        try:
            piece = inflate.decompress(todo, _INFLATED_AT_ONCE)
        except zlib.error as error:
            raise ValueError(f"not compressed lines: {error}") from error
        todo = inflate.unconsumed_tail
        total += len(piece)
        if total > size_bytes:
            raise ValueError(f"more than the {size_bytes} bytes it should have")
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > LINE_SIZE_BYTES_MAX:
            raise ValueError(f"a line of more than {LINE_SIZE_BYTES_MAX} bytes")
    if not inflate.eof or inflate.unused_data or rest:
        raise ValueError("cut short, or something follows its end")


def opened(manifest: Manifest, compressed: bytes | None) -> Iterator[Recorded]:
    """The events of a segment, the first of them only after all its lines have proved to be those that were sealed.

    Raises:
        Tampered: it is missing, or not what its manifest says.
    """
    if compressed is None:
        raise Tampered(f"{manifest.blob} is missing")
    try:
        digest, count = sha256(), 0
        for line in lines(compressed, manifest.size_bytes):
            digest.update(line)
            count += 1
        if digest.hexdigest() != manifest.digest or count != manifest.events:
            raise Tampered(f"{manifest.blob} has other contents than were sealed")
        position = 0
        for line in lines(compressed, manifest.size_bytes):
            event = from_line(line)
            if event.position <= position or not manifest.first <= event.position <= manifest.last:
                raise Tampered(f"{manifest.blob} holds position {event.position} out of place")
            position = event.position
            yield event
    except ValueError as error:
        raise Tampered(f"{manifest.blob}: {error}") from error


def verify_chain(
    manifests: Iterable[Manifest], fetch: Callable[[str], bytes | None], chain: str | None = None
) -> Iterator[Recorded]:
    """All events of all segments, in order, each segment checked before its first event is given.

    `manifests` are in order of position; `fetch` gives an object of the bucket by its name. `chain`, where it is
    known (the state of `segment/log` has it), is what the last manifest must say: then nothing is missing at the
    end, either. At most one segment is in memory, compressed.

    Raises:
        Tampered: a segment is missing, is not what was sealed, or does not follow on the one before it.
    """
    so_far, last = "", 0
    for manifest in manifests:
        if manifest.first <= last:
            raise Tampered(f"{manifest.blob} does not begin after position {last}")
        so_far, last = linked(so_far, manifest.digest), manifest.last
        if manifest.chain != so_far:
            raise Tampered(f"{manifest.blob} does not follow on the segment before it")
        yield from opened(manifest, fetch(manifest.blob))
    if chain is not None and chain != so_far:
        raise Tampered(f"the segments end at position {last}, where others were sealed")

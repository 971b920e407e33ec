"""The archiver's errand: seal what the log has gained since the last segment.

Reads the whole log, on a schedule. Emits SegmentSealed. Stream: `segment/log`.

A segment is put away before its event is appended. If the node stops in between, the next errand finds the
segment in the bucket and seals exactly the same events again, which changes nothing there.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator, Sequence

from shared.domain.archive import Segments, SegmentSealed
from shared.domain.event import Event, Input, Recorded, Scheduled, type_of
from shared.domain.segments import (
    Segment,
    Tampered,
    last_in,
    manifest_name,
    opened,
    seal,
    starting,
    to_manifest,
)
from shared.ports.bucket import Bucket
from shared.ports.log import Log
from shared.runtime.shapes import Errand, Fold, Gateways

STREAM = "segment/log"
EVERY_S = 60
SEGMENTS_MAX = 20
"""Segments of one errand; what is left is for the next."""
PAGE = 500
_SEALED = type_of(SegmentSealed).name


def evolve(state: Segments, event: SegmentSealed) -> Segments:
    """How far the log is sealed after `event`."""
    return Segments(state.sealed + 1, event.last, event.chain)


async def act(state: Segments, happened: Input, gateways: Gateways) -> Sequence[Event]:
    """Seal up to `SEGMENTS_MAX` segments, off the event loop, as both log and bucket may wait for a disk."""
    return await asyncio.to_thread(_seal_all, state, happened.time_us, gateways.log, gateways.bucket)


def _seal_all(state: Segments, now_us: int, log: Log, bucket: Bucket) -> list[SegmentSealed]:
    head = log.head()
    events = _events(log, state.last, head)
    sealed: list[SegmentSealed] = []
    while len(sealed) < SEGMENTS_MAX:
        segment = _next(events, state.chain, bucket, head)
        if segment is None:
            break
        _put_away(segment, bucket)
        manifest = segment.manifest
        sealed.append(
            SegmentSealed(
                blob=manifest.blob,
                first=manifest.first,
                last=manifest.last,
                events=manifest.events,
                size_bytes=manifest.size_bytes,
                digest=manifest.digest,
                chain=manifest.chain,
                sealed_at_us=now_us,
            )
        )
        state = evolve(state, sealed[-1])
    return sealed


def _events(log: Log, after: int, head: int) -> Iterator[Recorded]:
    """The events after a position up to `head`, a page at a time, each read once: a log may bill its reads."""
    while after < head:
        page = log.since(after, PAGE)
        if not page:
            return
        for event in page:
            if event.position > head:
                return
            yield event
        after = page[-1].position


def _next(events: Iterator[Recorded], chain: str, bucket: Bucket, head: int) -> Segment | None:
    """The next segment: where an earlier errand got no further than the bucket, the one that it left there.

    None when the log has gained nothing but word of its own sealing, which alone is not worth another segment.
    """
    begun: list[Recorded] = []
    for event in events:
        begun.append(event)
        if event.type != _SEALED:
            break
    else:
        return None
    left = [last_in(name) for name in bucket.names(starting(begun[0].position))]
    end = max((last for last in left if last is not None), default=None)
    if end is not None and end > head:
        # The log's clock has gone back: what was sealed then is there again later.
        return None
    return seal(itertools.chain(begun, events), chain, last=end)


def _put_away(segment: Segment, bucket: Bucket) -> None:
    """Put the segment and then its manifest into the bucket.

    Raises:
        Tampered: something else lies there under one of their names.
    """
    manifest = segment.manifest
    described = to_manifest(manifest)
    if not bucket.put(manifest.blob, segment.lines, "application/zlib"):
        there = bucket.get(manifest.blob)
        if there != segment.lines:
            # Another version of zlib may have compressed the same lines to other bytes: read what lies there.
            deque(opened(manifest, there), maxlen=0)
    name = manifest_name(manifest)
    if not bucket.put(name, described, "application/json") and bucket.get(name) != described:
        raise Tampered(f"{name} is in the bucket already, with other contents")


ARCHIVE: Errand[Segments] = Errand(
    fold=Fold("segment", Segments, Segments(), evolve),
    reads=(Scheduled,),
    streams=lambda _: (STREAM,),
    act=act,
    every_s=EVERY_S,
)

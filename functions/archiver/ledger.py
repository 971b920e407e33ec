"""The archiver's other errand: publish what may be published as git commits below signed checkpoints.

Reads the sealed segments, on a schedule. Emits CheckpointPublished, SegmentsRead. Stream: `checkpoint/log`.

A pack is put away before its event is appended, and nobody is told of a pack that no event names. If the node stops
in between, the next errand asks anew what may be published: a party may have withheld it meanwhile.
"""

import asyncio
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import cast
from urllib.parse import urlsplit

from msgspec.structs import replace

from functions.archiver.act import STREAM as SEGMENTS
from functions.archiver.publishable import Candidates, Leaf, Publishable
from shared.domain import merkle
from shared.domain.archive import (
    CheckpointPublished,
    Ledger,
    LedgerPack,
    SegmentSealed,
    SegmentsRead,
)
from shared.domain.checkpoints import Checkpoint, checkpoint_objects
from shared.domain.event import Event, Input, Scheduled, decode
from shared.domain.git_objects import named
from shared.domain.instants import DAY_US, SECOND_US
from shared.domain.merkle import Frontier
from shared.domain.notes import Key, signed
from shared.domain.packs import INDEX_TYPE, PACK_TYPE, Pack, holds, index_name, pack, pack_name
from shared.domain.segments import Manifest, Tampered, opened
from shared.ports.bucket import Bucket
from shared.runtime.shapes import Errand, Fold, Gateways

STREAM = "checkpoint/log"
EVERY_S = 60
CHECKPOINTS_MAX = 10
"""Checkpoints of one errand; what is left is for the next."""
SEGMENTS_MAX, EVENTS_MAX = 20, 20_000
"""What one checkpoint reads: so many segments, and no further one once it has read so many events."""
IN_VAIN_SEGMENTS_MAX, IN_VAIN_EVENTS_MAX = 10, 5_000
"""What is read again, if nothing in it may be published, until it is noted as read."""
ABSORBED_BYTES_MAX = 8 * 1024 * 1024
"""A pack that is larger absorbs no other and is absorbed by none: the gateway answers with a whole pack at once."""
GROWTH = 2
RETIRED_US_MAX = DAY_US
"""How long an absorbed pack is kept for those who began to clone before."""


def evolve(state: Ledger, event: Event) -> Ledger:
    """The ledger after `event`."""
    match event:
        case CheckpointPublished():
            kept = len(state.packs) - event.absorbed
            gone = [replace(old, absorbed_at_us=event.published_at_us) for old in state.packs[kept:]]
            retired = [old for old in (*state.retired, *gone) if old.name not in event.removed]
            return Ledger(
                checkpoints=state.checkpoints + 1,
                commit=event.commit,
                size=event.size,
                origin=event.origin,
                note=event.note,
                key=event.key,
                peaks=event.peaks,
                packs=(*state.packs[:kept], LedgerPack(event.pack, event.objects, event.size_bytes)),
                retired=tuple(retired),
                segments=event.segments,
                published_at_us=event.published_at_us,
            )
        case SegmentsRead(segments=segments):
            return replace(state, segments=segments)
        case _:
            raise AssertionError(f"{event} is no event of the ledger")


async def act(state: Ledger, happened: Input, gateways: Gateways) -> Sequence[Event]:
    """Publish checkpoints until nothing waits, off the event loop, as store and bucket may wait for a disk."""
    return await asyncio.to_thread(_publish_all, state, happened, gateways)


def _publish_all(state: Ledger, happened: Input, gateways: Gateways) -> list[Event]:
    made: list[Event] = []
    for _ in range(CHECKPOINTS_MAX):
        event = _next(state, happened, gateways)
        if event is None:
            break
        made.append(event)
        state = evolve(state, event)
    return made


def _next(state: Ledger, happened: Input, gateways: Gateways) -> CheckpointPublished | SegmentsRead | None:
    """The next checkpoint; where nothing new may be published, a note of it once there is much to read again."""
    candidates, segments, events = Candidates(), state.segments, 0
    for recorded in gateways.views.read(SEGMENTS, state.segments, SEGMENTS_MAX):
        body = decode(recorded.type, recorded.data)
        assert isinstance(body, SegmentSealed)
        if body.sealed_at_us >= happened.time_us:
            # Sealed in this very minute: it waits for the next, as whoever withholds something has at least one.
            break
        candidates.take(opened(_manifest(body), gateways.bucket.get(body.blob)))
        segments, events = recorded.version, events + body.events
        if events >= EVENTS_MAX:
            break
    leaves = Publishable(gateways.views, gateways.seals).leaves(candidates)
    new = [leaf for leaf in leaves if not _is_published(state, leaf, gateways.ledger)]
    if new:
        return _checkpoint(replace(state, segments=segments), new, happened, gateways)
    in_vain = segments - state.segments >= IN_VAIN_SEGMENTS_MAX or events >= IN_VAIN_EVENTS_MAX
    return SegmentsRead(segments) if in_vain else None


def _manifest(sealed: SegmentSealed) -> Manifest:
    return Manifest(
        sealed.blob,
        sealed.first,
        sealed.last,
        sealed.events,
        sealed.size_bytes,
        sealed.digest,
        sealed.chain,
    )


def _is_published(state: Ledger, leaf: Leaf, bucket: Bucket) -> bool:
    # The newest packs are the smallest, and what is found at all is mostly found there.
    return any(holds(_index(cast(Hashable, bucket), kept.name), leaf.name) for kept in reversed(state.packs))


@lru_cache(maxsize=64)
def _index(bucket: Hashable, name: str) -> bytes:
    return _held(cast(Bucket, bucket), index_name(name))


def _held(bucket: Bucket, name: str) -> bytes:
    found = bucket.get(name)
    if found is None:
        raise Tampered(f"{name} is missing")
    return found


def _checkpoint(
    state: Ledger, new: Sequence[Leaf], happened: Input, gateways: Gateways
) -> CheckpointPublished:
    frontier = Frontier(state.size, tuple(bytes.fromhex(peak) for peak in state.peaks)).grown(
        merkle.leaf(leaf.raw) for leaf in new
    )
    # A ledger keeps the name that it began with, also when the House moves.
    origin = state.origin or _name(happened.house.origin)
    key, text = Key(origin, gateways.signer.public()), Checkpoint(origin, frontier.size, frontier.root).text
    note = signed(text, key, gateways.signer.sign(text.encode()))
    parents = [*([state.commit] if state.commit else []), *(leaf.name for leaf in new)]
    head = checkpoint_objects(note, frontier.size, parents, happened.time_us // SECOND_US)
    absorbed = _absorbed(state.packs, len(new) + len(head))
    made = pack(
        # Every entry has the empty tree, so it comes first of all.
        [*([] if state.commit else [("tree", b"")]), *(("commit", leaf.raw) for leaf in new), *head],
        [_pack(gateways.ledger, kept.name) for kept in state.packs[len(state.packs) - absorbed :]],
    )
    _put_away(made, gateways.ledger)
    return CheckpointPublished(
        commit=named(*head[-1]),
        size=frontier.size,
        entries=sum(leaf.rank == 0 for leaf in new),
        opt_ins=sum(leaf.rank == 1 for leaf in new),
        origin=origin,
        note=note.decode(),
        key=key.text,
        peaks=tuple(peak.hex() for peak in frontier.peaks),
        pack=made.name,
        objects=made.objects,
        size_bytes=len(made.data),
        segments=state.segments,
        published_at_us=happened.time_us,
        absorbed=absorbed,
        removed=_remove_retired(state, happened.time_us, gateways.ledger),
    )


def _name(origin: str) -> str:
    """The ledger's name: "a schema-less URL containing neither Unicode spaces nor plus"."""
    parts = urlsplit(origin)
    return f"{parts.netloc}{parts.path.rstrip('/')}".replace("+", "%2B")


def _absorbed(packs: Sequence[LedgerPack], new: int) -> int:
    """How many of the latest packs a new one takes in, so that each is at least twice the next: then they are few."""
    objects, size_bytes, count = new, 0, 0
    for kept in reversed(packs):
        size_bytes += kept.size_bytes
        if kept.objects >= GROWTH * objects or size_bytes > ABSORBED_BYTES_MAX:
            break
        objects, count = objects + kept.objects, count + 1
    return count


def _pack(bucket: Bucket, name: str) -> Pack:
    return Pack(name, _held(bucket, pack_name(name)), _held(bucket, index_name(name)))


def _put_away(made: Pack, bucket: Bucket) -> None:
    """Put the pack and its index into the bucket.

    Raises:
        Tampered: something else lies there under one of their names.
    """
    files = (pack_name(made.name), made.data, PACK_TYPE), (index_name(made.name), made.index, INDEX_TYPE)
    for name, data, media_type in files:
        if not bucket.put(name, data, media_type) and bucket.get(name) != data:
            raise Tampered(f"{name} is in the bucket already, with other contents")


def _remove_retired(state: Ledger, now_us: int, bucket: Bucket) -> tuple[str, ...]:
    """Let go of packs that were absorbed long ago; those that went."""
    old = [kept.name for kept in state.retired if (kept.absorbed_at_us or 0) < now_us - RETIRED_US_MAX]
    for name in old:
        bucket.delete(pack_name(name))
        bucket.delete(index_name(name))
    return tuple(old)


LEDGER: Errand[Ledger] = Errand(
    fold=Fold("checkpoint", Ledger, Ledger(), evolve),
    reads=(Scheduled,),
    streams=lambda _: (STREAM,),
    act=act,
    every_s=EVERY_S,
)

"""The topic `archive`: what has been put away, and its digests. Written by archiver."""

from msgspec import Struct

from shared.domain.event import Event, event


@event("house.archiver.segment-sealed.v1")
class SegmentSealed(Event, frozen=True):
    """Events `first`..`last` of the log, by position, lie in the bucket under `blob`. Stream: `segment/log`.

    `digest` is the SHA-256 of the segment's lines and `size_bytes` their length, both before compression; `chain`
    is the SHA-256 of the previous chain and this digest, so that one value vouches for all segments before it.
    """

    blob: str
    first: int
    last: int
    events: int
    size_bytes: int
    digest: str
    chain: str
    sealed_at_us: int


class Segments(Struct, frozen=True, omit_defaults=True):
    """The state of `segment/log`: how many segments there are, the last position in them, and the last chain."""

    sealed: int = 0
    last: int = 0
    chain: str = ""


@event("house.archiver.checkpoint-published.v1")
class CheckpointPublished(Event, frozen=True):
    """The public ledger grew by `entries` and `opt_ins` to `size` of both. Stream: `checkpoint/log`.

    `commit` is the checkpoint's, where `main` is now; `note` its signed tree head and `key` the key that checks it;
    `peaks` the Merkle tree's frontier, in hexadecimal, the largest first. Everything new lies in `pack`, of
    `objects` objects and `size_bytes`; it also holds what the `absorbed` latest packs held and takes their place.
    `removed` are packs that were absorbed long ago and are gone now. `segments` of the archive have been read.
    """

    commit: str
    size: int
    entries: int
    opt_ins: int
    origin: str
    note: str
    key: str
    peaks: tuple[str, ...]
    pack: str
    objects: int
    size_bytes: int
    segments: int
    published_at_us: int
    absorbed: int = 0
    removed: tuple[str, ...] = ()


@event("house.archiver.segments-read.v1")
class SegmentsRead(Event, frozen=True):
    """So many segments have been read, and nothing in the latest of them may be published. Stream: `checkpoint/log`."""

    segments: int


class LedgerPack(Struct, frozen=True, array_like=True):
    """One pack of the ledger. `absorbed_at_us`: since then another one takes its place."""

    name: str
    objects: int
    size_bytes: int
    absorbed_at_us: int | None = None


class Ledger(Struct, frozen=True, omit_defaults=True):
    """The state of `checkpoint/log`: the public ledger as it stands. See CheckpointPublished.

    `packs` hold all of it; `retired` are those that others took the place of, for those who are still cloning.
    """

    checkpoints: int = 0
    commit: str = ""
    size: int = 0
    origin: str = ""
    note: str = ""
    key: str = ""
    peaks: tuple[str, ...] = ()
    packs: tuple[LedgerPack, ...] = ()
    retired: tuple[LedgerPack, ...] = ()
    segments: int = 0
    published_at_us: int = 0


@event("house.archiver.erasure-begun.v1")
class ErasureBegun(Event, frozen=True):
    """A developer's erasure is receipted: from here on it will come about. Stream: `erasure/<dev>`.

    `handles` are the logins they were known by, as handles: their keys go, too.
    """

    developer: str
    handles: tuple[str, ...]
    begun_at_us: int


@event("house.archiver.subject-erased.v1")
class SubjectErased(Event, frozen=True):
    """The developer's keys are destroyed and the raw bodies of `deliveries` deliveries gone. Stream: `erasure/<dev>`."""

    developer: str
    deliveries: int
    erased_at_us: int


class Erasure(Struct, frozen=True, omit_defaults=True):
    """The state of `erasure/<dev>`: the receipt, and when it was carried out."""

    begun: ErasureBegun | None = None
    erased_at_us: int | None = None

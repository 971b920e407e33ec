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

"""Firestore's documents: where each lies, what it holds, which indexes find it. No calls are made here.

    functions/<function>/streams/<stream>                  one stream: version, state, tags, when it is due
    functions/<function>/streams/<stream>/events/<version> its events, unless `event` above is its whole life
    functions/<function>/marks/<hash>                      the inputs that one append handled
    functions/<function>/outbox/<writer>                   from where on a process may have published nothing

Collections of all functions share their last name, so that each index is declared once, whoever is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote
from zlib import crc32

from shared.domain.event import Recorded
from shared.ports.store import TooLarge, View

SHARDS = 8
"""An index over rising values takes about 500 writes a second; each shard has its own part of every such index.
Source: https://cloud.google.com/firestore/docs/best-practices (hotspots), read 2025-06."""
EVERY_SHARD = list(range(SHARDS))
ID_BYTES_MAX = 1_500
DOCUMENT_SIZE_BYTES_MAX = 1_040_000
"""Firestore refuses a document over 1 MiB (1,048,576 bytes); what is left is for field names and the path."""
_FIELD_OVERHEAD_BYTES = 32

STREAMS, EVENTS, MARKS, OUTBOX = "streams", "events", "marks", "outbox"

INDEXES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    # states by tag, newest first; a tag is the shard
    (STREAMS, "COLLECTION", (("tags", "CONTAINS"), ("order", "DESCENDING"))),
    # all states, newest first
    (STREAMS, "COLLECTION", (("shard", "ASCENDING"), ("order", "DESCENDING"))),
    # who is to be woken; only waiting streams have the field
    (STREAMS, "COLLECTION", (("shard", "ASCENDING"), ("due_at_us", "ASCENDING"))),
    # raw bodies to let go, of all functions; only streams with one have the field
    (STREAMS, "COLLECTION_GROUP", (("shard", "ASCENDING"), ("attached_us", "ASCENDING"))),
    # journeys: a correlation id is the shard
    (STREAMS, "COLLECTION_GROUP", (("event.correlation", "ASCENDING"), ("order", "ASCENDING"))),
    (EVENTS, "COLLECTION_GROUP", (("correlation", "ASCENDING"), ("order", "ASCENDING"))),
    # what a process that died may not have published: a process is the shard
    (STREAMS, "COLLECTION_GROUP", (("event.writer", "ASCENDING"), ("order", "ASCENDING"))),
    (EVENTS, "COLLECTION_GROUP", (("writer", "ASCENDING"), ("order", "ASCENDING"))),
    # the log, of all functions
    (STREAMS, "COLLECTION_GROUP", (("event.shard", "ASCENDING"), ("order", "ASCENDING"))),
    (EVENTS, "COLLECTION_GROUP", (("shard", "ASCENDING"), ("order", "ASCENDING"))),
)
"""The composite indexes the adapter's queries need: collection, scope, (field, order or CONTAINS)."""

SINGLE_FIELD_INDEXES: tuple[tuple[str, str, str], ...] = (
    (MARKS, "inputs", "CONTAINS"),
    (STREAMS, "event.causation", "ASCENDING"),
    (EVENTS, "causation", "ASCENDING"),
)
"""The single fields that are queried: collection, field, order. Everything else must be exempt from Firestore's
automatic indexing (field `*` of each collection): bodies are large, and rising instants are hot."""

LOADED = ("version", "state", "correlation", "tags", "event")
VIEWED = ("version", "state", "correlation", "tags", "event", "order", "recorded_us")


def stream_id(stream: str) -> str:
    """The document id of a stream: its name, with `/` and whatever else is not plain written as %XX.

    Raises:
        TooLarge: the name is longer than an id may be.
    """
    escaped = quote(stream, safe="~:@+,=")
    if len(escaped) > ID_BYTES_MAX:
        raise TooLarge(f"{stream[:80]}…: a name of {len(escaped)} bytes, at most {ID_BYTES_MAX}")
    return escaped


def stream_of(document_id: str) -> str:
    """The stream whose document id this is."""
    return unquote(document_id)


def shard_of(stream: str) -> int:
    """The shard of a stream, always the same."""
    return crc32(stream.encode()) % SHARDS


def version_id(version: int) -> str:
    """The document id of an event: ids sort as versions do."""
    return f"{version:012d}"


def event_fields(event: Recorded, writer: str) -> dict[str, Any]:
    """An event as its document, or as the `event` of a stream whose whole life it is."""
    return {
        "id": event.id,
        "type": event.type,
        "time_us": event.time_us,
        "recorded_us": event.recorded_us,
        "correlation": event.correlation,
        "causation": event.causation,
        "data": event.data.decode(),
        "writer": writer,
        "shard": shard_of(event.stream),
    }


def recorded(stream: str, version: int, fields: Mapping[str, Any], order: int) -> Recorded:
    """The event that a document holds; its order is its position."""
    return Recorded(
        fields["id"],
        fields["type"],
        stream,
        version,
        fields["time_us"],
        fields["recorded_us"],
        fields["correlation"],
        fields["causation"],
        fields["data"].encode(),
        order,
    )


def state_of(fields: Mapping[str, Any]) -> bytes:
    """The state that a stream's document holds: its own, or the body of the event that is its whole life."""
    state: str | None = fields.get("state")
    return (fields["event"]["data"] if state is None else state).encode()


def view(stream: str, fields: Mapping[str, Any]) -> View:
    """A stream's document as readers see it."""
    return View(
        stream,
        fields["version"],
        state_of(fields),
        fields["order"],
        fields["correlation"],
        fields["recorded_us"],
    )


def size_bytes(fields: Mapping[str, Any]) -> int:
    """About what a document takes, a little too much rather than too little."""
    return sum(len(name) + _FIELD_OVERHEAD_BYTES + _value_bytes(value) for name, value in fields.items())


def _value_bytes(value: Any) -> int:
    match value:
        case str():
            return len(value) if value.isascii() else len(value.encode())
        case bytes():
            return len(value)
        case list():
            return sum(_FIELD_OVERHEAD_BYTES + _value_bytes(item) for item in value)
        case dict():
            return size_bytes(value)
        case _:
            return 8


def check_document(name: str, fields: Mapping[str, Any]) -> int:
    """The size of a document that is to be written, in bytes.

    Raises:
        TooLarge: Firestore would not keep it.
    """
    size = size_bytes(fields)
    if size > DOCUMENT_SIZE_BYTES_MAX:
        raise TooLarge(f"{name}: a document of {size} bytes, at most {DOCUMENT_SIZE_BYTES_MAX}")
    return size

"""One append on its way into one commit: which documents it writes, on which conditions, and how large they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from shared.adapters import firestore_documents as documents
from shared.adapters.firestore_calls import Calls, chunks
from shared.domain.event import Recorded
from shared.domain.ids import uuid5
from shared.ports.store import Conflict, TooLarge, Write

MARKED_MAX = 1_000
_PATH_BYTES = 400
"""What a document's path adds to a request."""


class Known(Struct, frozen=True):
    """What an append must know of a stream's document as it was last seen."""

    version: int
    tags: tuple[str, ...]
    update_time: Any


class Append:
    """One append on its way into one commit."""

    def __init__(self, calls: Calls, function: str, writer: str, whole: frozenset[str]) -> None:
        from google.cloud.firestore import DELETE_FIELD

        self._calls, self._function, self._writer, self._whole = calls, function, writer, whole
        self._absent: Any = DELETE_FIELD
        self._batch = calls.client.batch()
        self._writes = self._bytes = 0
        self._inputs: set[str] = set()

    def add(
        self, write: Write, orders: Mapping[str, int], known: Known | None
    ) -> tuple[int, tuple[str, ...]]:
        """A stream and its events; where its result will be among the commit's, and its tags."""
        before = set(known.tags) if write.expected and known else set()
        tags = tuple(sorted((before | write.tags_added) - write.tags_removed))
        place = self._writes
        events = write.events
        if write.expected:
            self._update(write, known, tags)
        else:
            events = self._create(write, orders[write.events[0].id], tags)
        for event in events:
            fields = {**documents.event_fields(event, self._writer), "order": orders[event.id]}
            self._count(f"{event.stream} version {event.version}", fields)
            self._batch.create(self._calls.event(self._function, event.stream, event.version), fields)
            self._inputs.add(event.causation)
        return place, tags

    def _create(self, write: Write, order: int, tags: tuple[str, ...]) -> tuple[Recorded, ...]:
        """A new stream; the events that its own document does not hold."""
        first, events = write.events[0], write.events
        fields = {
            **self._fields(write, tags),
            "correlation": first.correlation,
            "recorded_us": first.recorded_us,
            "order": order,
            "shard": documents.shard_of(write.stream),
        }
        if write.state is None:
            fields["event"] = documents.event_fields(first, self._writer)
            events = events[1:]
            if write.stream.partition("/")[0] not in self._whole:
                self._inputs.add(first.causation)
        fields = {name: value for name, value in fields.items() if value is not self._absent}
        self._count(write.stream, fields)
        self._batch.create(self._calls.stream(self._function, write.stream), fields)
        return events

    def _update(self, write: Write, known: Known | None, tags: tuple[str, ...]) -> None:
        if known is None or known.version != write.expected:
            raise Conflict(f"{write.stream} is not at version {write.expected} any more")
        fields = self._fields(write, tags)
        self._count(write.stream, fields)
        condition = self._calls.client.write_option(last_update_time=known.update_time)
        self._batch.update(self._calls.stream(self._function, write.stream), fields, option=condition)

    def _fields(self, write: Write, tags: tuple[str, ...]) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "version": write.expected + len(write.events),
            "state": self._absent if write.state is None else write.state.decode(),
            "due_at_us": self._absent if write.due_at_us is None else write.due_at_us,
            "tags": list(tags) or self._absent,
        }
        if write.attachment is not None:
            fields |= {"attachment": write.attachment, "attached_us": write.events[0].recorded_us}
        return fields

    def mark(self, silent: Iterable[str]) -> None:
        """Note the inputs that this append handles, all in one document; the same inputs make the same one."""
        inputs = sorted(self._inputs.union(silent))
        for chunk in chunks(inputs, MARKED_MAX):
            fields = {"inputs": chunk}
            self._count("a mark", fields)
            self._batch.set(self._calls.mark(self._function, uuid5("marks", *chunk)), fields)

    def mark_outbox(self, since: int) -> None:
        """Say that from `since` on this process may have published nothing."""
        fields = {"since": since}
        self._count("an outbox marker", fields)
        self._batch.set(self._calls.marker(self._function, self._writer), fields)

    def _count(self, name: str, fields: Mapping[str, Any]) -> None:
        self._writes += 1
        self._bytes += documents.check_document(name, fields) + _PATH_BYTES

    def commit(self, request_bytes_max: int) -> Any:
        """Write it all or nothing.

        Raises:
            Conflict: a precondition did not hold.
            TooLarge: the request would be more than Firestore takes.
        """
        if self._bytes > request_bytes_max:
            raise TooLarge(
                f"{self._writes} documents of {self._bytes} bytes in one append, at most {request_bytes_max}"
            )
        return self._calls.commit(self._batch, self._writes)

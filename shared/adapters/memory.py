"""Memory: all ports without a disk, for the contract suites and the simulation.

This store makes each append visible at once and keeps a real outbox, as a store apart from its bus does.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.event import Recorded
from shared.ports.bucket import check_name
from shared.ports.store import (
    Conflict,
    DueStream,
    Loaded,
    NotOwner,
    View,
    Write,
    check_size,
)


class _Document(Struct):
    function: str
    version: int
    state: bytes | None
    due_at_us: int | None
    tags: set[str]
    cursor: int
    correlation: str
    recorded_us: int
    attachment: bytes | None
    events: list[Recorded]


class MemoryStore:
    """A Store in dictionaries. `log` is every event in the order of its append."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._handled: set[tuple[str, str]] = set()
        self._outbox: dict[str, dict[str, Recorded]] = {}
        self._due: dict[str, dict[str, int]] = {}
        self.log: list[Recorded] = []

    def group(self) -> AbstractContextManager[None]:
        """Appends are durable by themselves here."""
        return nullcontext()

    def load(self, function: str, wants: Sequence[tuple[str, str]], lazy: bool = False) -> list[Loaded]:
        """See Store. It tells no more than it must, so that whoever relies on more is found out."""
        there = {input_id for stream, input_id in wants if stream in self._documents}
        return [
            self._loaded(stream, (input_id in there or not lazy) and (function, input_id) in self._handled)
            for stream, input_id in wants
        ]

    def _loaded(self, stream: str, handled: bool) -> Loaded:
        document = self._documents.get(stream)
        if document is None:
            return Loaded(0, None, "", handled)
        state = document.events[0].data if document.state is None else document.state
        return Loaded(document.version, state, document.correlation, handled)

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        """See Store."""
        for write in writes:
            document = self._documents.get(write.stream)
            if document is not None and document.function != function:
                raise NotOwner(f"{write.stream} belongs to {document.function}, not to {function}")
            if (document.version if document else 0) != write.expected:
                raise Conflict(f"{write.stream} is not at version {write.expected}")
            check_size(write)
        for write in writes:
            self._write(function, write)
        self._handled.update((function, input_id) for _, input_id in handled)

    def _write(self, function: str, write: Write) -> None:
        events = [self._positioned(event) for event in write.events]
        document = self._documents.get(write.stream)
        if document is None:
            first = events[0]
            document = self._documents[write.stream] = _Document(
                function,
                0,
                None,
                None,
                set(),
                len(self._documents) + 1,
                first.correlation,
                first.recorded_us,
                None,
                [],
            )
        document.version += len(events)
        document.state, document.due_at_us = write.state, write.due_at_us
        due = self._due.setdefault(function, {})
        if write.due_at_us is None:
            due.pop(write.stream, None)
        else:
            due[write.stream] = write.due_at_us
        document.tags = (document.tags | write.tags_added) - write.tags_removed
        document.attachment = write.attachment or document.attachment
        document.events.extend(events)
        for event in events:
            self._handled.add((function, event.causation))
            self._outbox.setdefault(function, {})[event.id] = event

    def _positioned(self, event: Recorded) -> Recorded:
        placed = replace(event, position=len(self.log) + 1)
        self.log.append(placed)
        return placed

    def caused(self, stream: str, input_id: str) -> list[Recorded]:
        """See Store."""
        document = self._documents.get(stream)
        return [event for event in document.events if event.causation == input_id] if document else []

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See Store."""
        document = self._documents.get(stream)
        return document.events[max(after, 0) :][:limit] if document else []

    def state(self, function: str, stream: str) -> View | None:
        """See Store."""
        document = self._documents.get(stream)
        return _view(stream, document) if document is not None and document.function == function else None

    def states(
        self, function: str, tag: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[View]:
        """See Store."""
        found = [
            _view(stream, document)
            for stream, document in reversed(self._documents.items())
            if document.function == function
            and (tag is None or tag in document.tags)
            and (before is None or document.cursor < before)
        ]
        return found[:limit]

    def due(self, function: str, until_us: int, limit: int = 100) -> list[DueStream]:
        """See Store."""
        waiting = self._due.get(function, {}).items()
        found = sorted((due_at_us, stream) for stream, due_at_us in waiting if due_at_us <= until_us)
        return [self._due_stream(stream) for _, stream in found[:limit]]

    def _due_stream(self, stream: str) -> DueStream:
        document = self._documents[stream]
        return DueStream(stream, document.due_at_us or 0, document.version, document.correlation)

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """See Store."""
        return [event for event in self.log if event.correlation == correlation][:limit]

    def attachment(self, stream: str) -> bytes | None:
        """See Store."""
        document = self._documents.get(stream)
        return document.attachment if document else None

    def expire_attachments(self, before_us: int, limit: int = 1000) -> int:
        """See Store."""
        old = [d for d in self._documents.values() if d.attachment is not None and d.recorded_us < before_us][
            :limit
        ]
        for document in old:
            document.attachment = None
        return len(old)

    def forget(self, streams: Sequence[str]) -> None:
        """See Store."""
        for stream in streams:
            if stream in self._documents:
                self._documents[stream].attachment = b""

    def outbox(self, function: str, limit: int = 100) -> list[Recorded]:
        """See Store."""
        return list(self._outbox.get(function, {}).values())[:limit]

    def sent(self, events: Sequence[Recorded]) -> None:
        """See Store."""
        for event in events:
            self._outbox.get(event.function, {}).pop(event.id, None)

    def since(self, position: int, limit: int) -> list[Recorded]:
        """See Log."""
        return self.log[max(position, 0) :][:limit]

    def head(self) -> int:
        """See Log."""
        return len(self.log)


def _view(stream: str, document: _Document) -> View:
    state = document.events[0].data if document.state is None else document.state
    return View(stream, document.version, state, document.cursor, document.correlation, document.recorded_us)


class MemoryBus:
    """A Bus that keeps what was published, each event once, and what each function has yet to read."""

    def __init__(self) -> None:
        self._published: dict[str, Recorded] = {}
        self._read: dict[str, set[str]] = {}

    def publish(self, events: Sequence[Recorded]) -> None:
        """See Bus."""
        for event in events:
            self._published.setdefault(event.id, event)

    def pull(self, function: str, types: frozenset[str], limit: int) -> list[Recorded]:
        """See Bus."""
        return self._unread(function, types)[:limit]

    def acknowledge(self, function: str, events: Sequence[Recorded]) -> None:
        """See Bus."""
        self._read.setdefault(function, set()).update(event.id for event in events)

    def oldest_unread_us(self, function: str, types: frozenset[str]) -> int | None:
        """See Bus."""
        return min((event.time_us for event in self._unread(function, types)), default=None)

    def _unread(self, function: str, types: frozenset[str]) -> list[Recorded]:
        read = self._read.get(function, set())
        return [event for event in self._published.values() if event.type in types and event.id not in read]


class MemoryBucket:
    """A Bucket in a dictionary."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes]] = {}

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """See Bucket."""
        mine = (data,)
        # One step, so that of many threads one wins.
        return self._objects.setdefault(check_name(name), mine) is mine

    def get(self, name: str) -> bytes | None:
        """See Bucket."""
        kept = self._objects.get(check_name(name))
        return kept[0] if kept else None

    def delete(self, name: str) -> None:
        """See Bucket."""
        self._objects.pop(check_name(name), None)

    def names(self, prefix: str) -> Iterator[str]:
        """See Bucket."""
        return iter(sorted(name for name in self._objects if name.startswith(prefix)))


class ManualClock:
    """A Clock that stands still until it is told to move, also backwards."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """See Clock."""
        return self._now_us

    def move(self, by_us: int) -> None:
        """Let time pass (or jump back)."""
        self._now_us += by_us


class MemorySecrets:
    """Secrets in a dictionary."""

    def __init__(self, secrets: dict[str, bytes]) -> None:
        self._secrets = secrets

    def get(self, name: str) -> bytes:
        """See Secrets."""
        return self._secrets[name]

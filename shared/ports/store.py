"""Store: streams of events, each with one writer and one current state.

A store keeps, for every stream, its events in version order and one document: the version, the
state (snapshot and queryable view in one), `due_at`, tags and the correlation id of its first event.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from shared.domain.event import Recorded


class Conflict(Exception):
    """A stream is no longer at the expected version: load and decide again. Nothing was written."""


class NotOwner(Exception):
    """The stream belongs to another function: a bug. Nothing was written."""


class TooLarge(Exception):
    """A state or event is larger than every adapter can keep (`STATE_SIZE_BYTES_MAX`). Nothing was written."""


STATE_SIZE_BYTES_MAX = 900_000
"""The largest state or event body: Firestore's document limit is 1 MiB with its fields and indexes."""


class Loaded(Struct, frozen=True, gc=False):
    """One stream as it stands. Version 0 and no state: it does not exist yet.

    `handled`: the function has handled that input before, with or without events.
    """

    version: int
    state: bytes | None
    correlation: str
    handled: bool


class Write(Struct, frozen=True, gc=False):
    """What one handled input does to one stream. `expected` is the version it was decided on.

    `state` is None where the stream's one event is its whole life. `tags_added` and `tags_removed` change the
    set of tags the stream is found by. A write without events only changes `due_at_us`.
    """

    stream: str
    expected: int
    events: tuple[Recorded, ...]
    state: bytes | None
    due_at_us: int | None = None
    tags_added: frozenset[str] = frozenset()
    tags_removed: frozenset[str] = frozenset()
    attachment: bytes | None = None


def check_size(write: Write) -> None:
    """Refuse what some adapter could not keep.

    Raises:
        TooLarge: naming the stream, the size and the limit.
    """
    for document in (write.state or b"", *[event.data for event in write.events]):
        if len(document) > STATE_SIZE_BYTES_MAX:
            raise TooLarge(
                f"{write.stream}: {len(document)} bytes in one document, at most {STATE_SIZE_BYTES_MAX}"
            )


class View(Struct, frozen=True, gc=False):
    """A stream's state as readers see it. `cursor` orders streams by creation within one function."""

    stream: str
    version: int
    state: bytes
    cursor: int
    correlation: str
    recorded_us: int


class DueStream(Struct, frozen=True, gc=False):
    """A stream whose state asked to be woken at `due_at_us`."""

    stream: str
    due_at_us: int
    version: int
    correlation: str


class Store(Protocol):
    """Appends are conditional; reads inside `group` see its appends, reads outside see what is durable.

    A store that is slow or away raises TimeoutError, before or after it has written: the caller retries.
    """

    def group(self) -> AbstractContextManager[None]:
        """What is appended inside is durable, all together, when it exits; nothing of it when it raises.

        Stores that make each append durable by itself do nothing here.
        """

    def load(self, function: str, wants: Sequence[tuple[str, str]], lazy: bool = False) -> list[Loaded]:
        """The streams of `wants` (stream, input id), in that order.

        With `lazy` an input none of whose wanted streams exists may be said to be not handled without a look: it has
        made no event there, and to decide on it again from nothing gives nothing again.
        """

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        """Append all writes atomically; remember `handled` (stream, input id) that made no event.

        Raises:
            Conflict: a stream is not at its expected version.
            NotOwner: a stream is another function's.
            TooLarge: an event or state is over `STATE_SIZE_BYTES_MAX`.
        """

    def caused(self, stream: str, input_id: str) -> list[Recorded]:
        """The events of `stream` whose causation is `input_id`, in version order."""

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """Events of one stream with a version above `after`, in order, at most `limit`."""

    def state(self, function: str, stream: str) -> View | None:
        """The current document of one stream of `function`."""

    def states(
        self, function: str, tag: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[View]:
        """Documents of `function` that carry `tag` (or all), newest stream first, `cursor` below `before`."""

    def due(self, function: str, until_us: int, limit: int = 100) -> list[DueStream]:
        """Streams of `function` that asked to be woken at or before `until_us`, earliest first."""

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """The events of one correlation id, in the order in which they were recorded."""

    def attachment(self, stream: str) -> bytes | None:
        """The raw body kept beside the stream, or None when there is none or it has expired."""

    def expire_attachments(self, before_us: int, limit: int = 1000) -> int:
        """Delete at most `limit` attachments recorded before that instant; how many went. Not inside a group."""

    def forget(self, streams: Sequence[str]) -> None:
        """Let empty attachments take the place of what these streams have, leaving no byte of it. Not inside a group.

        So it can be told that a stream's raw body was known and is to be known no more. An empty one expires, too.
        """

    def outbox(self, function: str, limit: int = 100) -> list[Recorded]:
        """Events that are durable but perhaps not published. Always empty where the bus reads the log itself."""

    def sent(self, events: Sequence[Recorded]) -> None:
        """These events are published: take them out of the outbox."""

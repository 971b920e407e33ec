"""The adapters under contract, one line each, and the events the suites append."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.adapters.memory import MemoryBus, MemoryStore
from shared.adapters.sqlite import SqliteStore
from shared.domain.event import Recorded
from shared.domain.ids import uuid5
from shared.ports.bus import Bus
from shared.ports.log import Log
from shared.ports.store import Loaded, Store, Write
from tests import google

START_US = 1_700_000_000_000_000
CAUSE = uuid5("cause", "c")


@dataclass(frozen=True)
class Adapter:
    """A store with the bus that carries its events, and its log where it has one.

    `grouped`: a group is one transaction; elsewhere each append is durable by itself. `durable`: opening it
    again finds everything. `in_order`: its bus gives events in the order of their publication, each once, and knows
    the oldest unread; without it, at least once and in any order is all there is.
    """

    store: Store
    bus: Bus
    log: Log | None
    grouped: bool
    again: Callable[[], "Adapter"] | None = None
    in_order: bool = True

    def comparable(self, pulled: Sequence[Recorded]) -> list[Recorded]:
        """What was pulled, without positions, in an order that can be compared: the bus's own, if it has one."""
        found = placeless(pulled)
        return found if self.in_order else sorted(found, key=lambda event: (event.stream, event.version))


def sqlite(folder: Path) -> Adapter:
    """The embedded store, in a real file."""
    store = SqliteStore(folder / "house.sqlite")

    def again() -> Adapter:
        store.close()
        return sqlite(folder)

    return Adapter(store, store, store, grouped=True, again=again)


def memory(_: Path) -> Adapter:
    """The store without a disk, and its bus apart from it."""
    store = MemoryStore()
    return Adapter(store, MemoryBus(), store, grouped=False)


def on_google(_: Path) -> Adapter:
    """Firestore and Pub/Sub, as Google's emulators keep them."""
    store = google.firestore(OWNERS, WHOLE)
    return Adapter(store, google.pubsub(TOPICS, READS), store, grouped=False, in_order=False)


ADAPTERS: dict[str, Callable[[Path], Adapter]] = {
    "sqlite": sqlite,
    "memory": memory,
    "google": on_google,
}
NAMES = [
    pytest.param(name, marks=pytest.mark.emulator) if make is on_google else name
    for name, make in ADAPTERS.items()
]
"""The adapters as parameters of a test."""
OWNERS = {
    **{"elsewhere": "toy", "new": "toy", "other": "toy", "thing": "toy"},
    **{"f": "f", "late": "late", "later": "later", "next": "next", "toys": "toys", "x": "f", "y": "g"},
    **{
        "basket": "toyedge",
        "order": "toyedge",
        "account": "toytill",
        "parcel": "toyship",
        "sent": "toycourier",
    },
    **{"pair": "toypair", "wish": "toypair"},
    **dict.fromkeys(("north", "south", "east", "west"), "toypost"),
}
"""The function whose streams have a prefix: a prefix has one owner, in the suites as in the House."""
TOPICS = {function: f"{function}-topic" for function in OWNERS.values()}
READS = {
    **dict.fromkeys(("reader", "other"), ("toy-topic",)),
    **dict.fromkeys(("f", "g"), ("f-topic", "g-topic")),
    **dict.fromkeys(("toytill", "toypair"), ("toyedge-topic",)),
    **dict.fromkeys(("toyship", "toycourier", "toypost"), ("toytill-topic",)),
}
"""The topics that a function reads, where the bus has to be told."""
WHOLE = ("order", "parcel", "y")
"""The prefix whose streams are mostly one event's whole life."""


def recorded(
    stream: str,
    version: int,
    *,
    function: str = "toy",
    kind: str = "noted",
    cause: str | None = None,
    journey: str = "j",
    time_us: int = START_US,
    data: bytes = b'{"n":1}',
) -> Recorded:
    """One event of `function`, every id of it made from its place."""
    return Recorded(
        uuid5("event", function, stream, str(version)),
        f"house.{function}.{kind}.v1",
        stream,
        version,
        time_us,
        time_us + 5,
        uuid5("correlation", journey),
        uuid5("cause", cause or f"{stream}:{version}"),
        data,
    )


def write(
    stream: str,
    *events: Recorded,
    expected: int = 0,
    state: bytes | None = b'{"state":1}',
    due_at_us: int | None = None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    attachment: bytes | None = None,
) -> Write:
    """A write of `events`, by default one new event after version `expected`."""
    made = events or (recorded(stream, expected + 1),)
    return Write(stream, expected, made, state, due_at_us, frozenset(add), frozenset(remove), attachment)


def put(adapter: Adapter, *writes: Write, function: str = "toy") -> list[Recorded]:
    """Append and publish, as a shell does."""
    adapter.store.append(function, writes)
    events = [event for each in writes for event in each.events]
    adapter.bus.publish(events)
    adapter.store.sent(events)
    return events


def placeless(events: Sequence[Recorded]) -> list[Recorded]:
    """The events without their positions, which only a store gives."""
    return [
        Recorded(
            e.id, e.type, e.stream, e.version, e.time_us, e.recorded_us, e.correlation, e.causation, e.data
        )
        for e in events
    ]


def stands(adapter: Adapter, stream: str, cause: str = CAUSE, function: str = "toy") -> Loaded:
    """A stream as it stands for a function that has `cause` in hand."""
    return adapter.store.load(function, [(stream, cause)])[0]

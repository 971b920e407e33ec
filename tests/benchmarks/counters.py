"""The functions that are measured: one gives orders, one counts, one follows. Their bodies have 197 bytes of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from shared.adapters.clock import SystemClock
from shared.adapters.filesystem import FilesystemBucket
from shared.adapters.sqlite import SqliteStore
from shared.domain.event import Event, House, Input, encode, event
from shared.domain.ids import uuid5
from shared.runtime.edge import Submission
from shared.runtime.shapes import Decider, Fold, Function, Intake
from shared.runtime.shell import Ports, Shell
from tests.given import SEALS

STREAMS = 1_000
NOTE = "n" * 157
DURABILITY = "SQLite, WAL, synchronous=FULL, one file on this disk, for both"


@event("house.front.ordered.v1")
class Ordered(Event, frozen=True):
    """Somebody wants a counter to count."""

    counter: str
    amount: int
    note: str


@event("house.counter.counted.v1")
class Counted(Event, frozen=True):
    """A counter has counted."""

    amount: int
    total: int
    note: str


@event("house.follower.noted.v1")
class Noted(Event, frozen=True):
    """The follower has seen a counter count."""

    amount: int
    times: int
    note: str


class Counter(Struct, frozen=True):
    """What a counter, or what follows one, remembers."""

    total: int = 0
    times: int = 0


def body(n: int) -> Counted:
    """A body of exactly 197 bytes."""
    counted = Counted(10_000 + n % 10_000, 10_000 + n % 10_000, NOTE)
    assert len(encode(counted)) == 197
    return counted


def _counted(state: Counter, happened: Counted) -> Counter:
    return Counter(state.total + happened.amount, state.times + 1)


def _noted(state: Counter, happened: Noted) -> Counter:
    return Counter(state.total + happened.amount, happened.times)


def _count(state: Counter, arrived: Input) -> list[Counted]:
    order = arrived.body
    assert isinstance(order, Ordered)
    return [Counted(order.amount, 10_000 + (state.total + order.amount) % 10_000, order.note)]


def _note(state: Counter, arrived: Input) -> list[Noted]:
    counted = arrived.body
    assert isinstance(counted, Counted)
    return [Noted(counted.amount, state.times + 1, counted.note)]


def _ordered(arrived: Input) -> tuple[str]:
    assert isinstance(arrived.body, Ordered)
    return (f"counter/{arrived.body.counter}",)


async def _no_http(*_: object) -> None:
    """Orders are submitted without HTTP here."""


COUNTER = Fold("counter", Counter, Counter(), _counted)
ORDER: Fold[Ordered | None] = Fold("order", Ordered, None, lambda _, ordered: ordered, whole=True)
FOLLOWED = Fold("followed", Counter, Counter(), _noted)

FRONT = Function("front", "orders", (Intake(("/orders",), lambda _: _no_http, folds=(ORDER,)),))
COUNTING = Function("counter", "counts", (Decider(COUNTER, (Ordered,), _ordered, _count),))
FOLLOWING = Function(
    "follower", "notes", (Decider(FOLLOWED, (Counted,), lambda i: (f"followed/{i.stream[8:]}",), _note),)
)
LISTENING = Function(
    "follower",
    "notes",
    (Decider(FOLLOWED, (Counted,), lambda i: (f"followed/{i.stream[8:]}",), lambda *_: ()),),
)
DIRECT = Function("counter", "counts", (Intake(("/counts",), lambda _: _no_http, folds=(COUNTER,)),))


@contextmanager
def ports(folder: Path) -> Iterator[Ports]:
    """A node's ports on files below `folder`."""
    store = SqliteStore(folder / "house.sqlite")
    house = House("https://house.example", "sha256:" + "0" * 64, str)
    try:
        yield Ports(store, store, FilesystemBucket(folder / "bucket"), SystemClock(), house, SEALS)
    finally:
        store.close()


def order(n: int) -> Submission:
    """The n-th order as a request brings it."""
    identity = uuid5("order", str(n))
    ordered = Ordered(f"c{n % STREAMS:04}", 10_000 + n % 10_000, NOTE)
    return Submission(identity, identity, 1_700_000_000_000_000 + n, ((f"order/{identity}", ordered),))


def counting(n: int, stream: int) -> Submission:
    """The n-th count, submitted to a counter's own stream."""
    return Submission(
        uuid5("count", str(n)),
        uuid5("journey", str(n)),
        1_700_000_000_000_000 + n,
        ((f"counter/c{stream:06}", body(n)),),
    )


def count(shell: Shell, number: int, per_stream: int) -> None:
    """Append so many Counted, `per_stream` of them to each stream, in durable groups of a thousand."""
    for start in range(0, number, 1_000):
        numbers = range(start, min(start + 1_000, number))
        shell.accept([counting(n, n // per_stream) for n in numbers])

"""Toy functions hosted apart, on a store and a bus that fail as they are told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from shared.adapters.memory import MemoryBus, MemoryStore
from shared.domain.event import Recorded
from shared.ports.store import Write
from tests.contracts.stores import Adapter
from tests.hosted.hosting import Hosts, hosts


class Trouble(MemoryStore):
    """A store that fails as it is told to, and lets one thread write at a time."""

    fails: Exception | None = None
    pause_s = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._writing = threading.Lock()
        self.appends = 0

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        if self.fails is not None:
            raise self.fails
        with self._writing:
            time.sleep(self.pause_s)
            self.appends += 1
            super().append(function, writes, handled)


class Deaf(MemoryBus):
    """A bus that may take nothing."""

    fails: Exception | None = None

    def publish(self, events: Sequence[Recorded]) -> None:
        if self.fails is not None:
            raise self.fails
        super().publish(events)


def failing() -> Hosts:
    """Hosts on such ports."""
    store = Trouble()
    return hosts(Adapter(store, Deaf(), store, grouped=False))


def store(house: Hosts) -> Trouble:
    found = house.toys.ports.store
    assert isinstance(found, Trouble)
    return found


def bus(house: Hosts) -> Deaf:
    found = house.toys.ports.bus
    assert isinstance(found, Deaf)
    return found


def count(house: Hosts, kind: str) -> int:
    """How many events of a kind there are."""
    return sum(event.type.endswith(f".{kind}.v1") for event in house.toys.everything())

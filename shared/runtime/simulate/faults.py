"""What goes wrong: a store that times out, a bus that repeats, reorders and delays, and crashes between any two steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from msgspec import Struct

from shared.adapters.memory import MemoryStore
from shared.domain.event import Recorded
from shared.ports.store import Loaded, Write
from shared.ports.web import Page, Unreachable
from shared.runtime.shapes import Function, Spread


class Crash(BaseException):
    """The process is gone, with everything that was not durable. No `except Exception` may survive it."""


class Faults:
    """When something goes wrong, by one seeded dice; `on` is turned off for the last drain."""

    def __init__(self, dice: Random) -> None:
        self.dice, self.on = dice, True

    def maybe(self, share: float) -> bool:
        """Whether it happens this time."""
        return self.on and self.dice.random() < share

    def strike(self, what: str) -> None:
        """Time out or crash, rarely.

        Raises:
            TimeoutError: the caller may try again.
            Crash: everything in memory is lost.
        """
        if self.maybe(0.03):
            raise TimeoutError(what)
        if self.maybe(0.015):
            raise Crash(what)


class FaultyStore(MemoryStore):
    """A store that is away now and then, before or after it has written."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def load(self, function: str, wants: Sequence[tuple[str, str]], lazy: bool = False) -> list[Loaded]:
        """See Store."""
        self._faults.strike("load")
        return super().load(function, wants, lazy)

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        """See Store."""
        self._faults.strike("before the append")
        super().append(function, writes, handled)
        self._faults.strike("after the append")

    def sent(self, events: Sequence[Recorded]) -> None:
        """See Store."""
        self._faults.strike("before sent")
        super().sent(events)


class _Delivery(Struct):
    """One copy of an event on its way to one function, not before step `ready`."""

    event: Recorded
    ready: int
    first: bool


class FaultyBus:
    """A bus that delivers each event at least once: late, repeatedly, in any order, and again long afterwards.

    Readers that declared `ordered` get each stream in version order, which is all that is promised to them.
    """

    def __init__(self, faults: Faults, functions: Sequence[Function]) -> None:
        self._faults, self._step = faults, 0
        self._reads = {function.name: function.reads for function in functions}
        self._ordered = {function.name for function in functions if _wants_order(function)}
        self._waiting: dict[str, list[_Delivery]] = {function.name: [] for function in functions}
        self._known: dict[str, set[str]] = {function.name: set() for function in functions}

    def step(self) -> None:
        """Time passes for the messages on their way."""
        self._step += 1

    def publish(self, events: Sequence[Recorded]) -> None:
        """See Bus. An event published again is one more copy."""
        self._faults.strike("before publishing")
        for event in events:
            for name, reads in self._reads.items():
                if event.type in reads:
                    self._enqueue(name, event, first=event.id not in self._known[name])
                    self._known[name].add(event.id)
        self._faults.strike("after publishing")

    def _enqueue(self, name: str, event: Recorded, first: bool) -> None:
        faults = self._faults
        delay = faults.dice.randrange(40) if faults.maybe(0.3) else 0
        self._waiting[name].append(_Delivery(event, self._step + delay, first))
        if faults.maybe(0.1):
            self._waiting[name].append(_Delivery(event, self._step + faults.dice.randrange(60), False))

    def pull(self, function: str, types: frozenset[str], limit: int) -> list[Recorded]:
        """See Bus."""
        ready = [d.event for d in self._waiting[function] if d.ready <= self._step or not self._faults.on]
        if self._faults.on:
            self._faults.dice.shuffle(ready)
        if function in self._ordered:
            ready = self._in_order(function, ready)
        return ready[:limit]

    def _in_order(self, function: str, ready: list[Recorded]) -> list[Recorded]:
        """Of each stream what has no earlier unread event missing before it."""
        by_stream: dict[str, list[Recorded]] = {}
        for event in ready:
            by_stream.setdefault(event.stream, []).append(event)
        first_missing = {
            d.event.stream: d.event.version
            for d in self._waiting[function]
            if d.first and d.event not in ready
        }
        return [
            event
            for stream, events in by_stream.items()
            for event in sorted(events, key=lambda e: e.version)
            if event.version < first_missing.get(stream, event.version + 1)
        ]

    def acknowledge(self, function: str, events: Sequence[Recorded]) -> None:
        """See Bus. What was acknowledged may still come again, once, much later."""
        self._faults.strike("before acknowledging")
        for event in events:
            waiting = self._waiting[function]
            found = next((n for n, d in enumerate(waiting) if d.event.id == event.id), None)
            if found is None:
                continue
            delivered = waiting.pop(found)
            for other in waiting:
                if other.event.id == event.id:
                    other.first = False
            if delivered.first and self._faults.maybe(0.05):
                later = self._step + 50 + self._faults.dice.randrange(200)
                waiting.append(_Delivery(event, later, False))

    def oldest_unread_us(self, function: str, types: frozenset[str]) -> int | None:
        """See Bus. Copies of what was read already hold nothing up."""
        return min((d.event.time_us for d in self._waiting[function] if d.first), default=None)


def _wants_order(function: Function) -> bool:
    return any(reader.ordered for reader in function.readers if not isinstance(reader, Spread))


class ScriptedWeb:
    """The outside, as a Web: a GitHub with a profile for everybody, and a small site for each."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """See Web."""
        if self._faults.maybe(0.1):
            raise Unreachable("it takes no connection")
        if url.startswith("https://api.github.example/users/"):
            return self._github(url)
        if url.endswith("/robots.txt"):
            return Page(url, 404, {}, b"")
        return Page(url, 200, {"content-type": "text/html"}, b"<title>A page</title>")

    def _github(self, url: str) -> Page:
        parts = url.removeprefix("https://api.github.example/users/").split("/")
        login = parts[0]
        number = login.removeprefix("dev")
        if len(parts) > 1:
            return Page(url, 200, {"content-type": "application/json"}, b"[]")
        body = f'{{"id": {1000 + int(number)}, "login": "{login}", "blog": "https://{login}.example/"}}'
        return Page(url, 200, {"content-type": "application/json"}, body.encode())

    async def post_json(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Page:
        """See Web."""
        raise Unreachable("it takes no connection")

"""The outbox of a store that bills every write: one marker for each process and slice of time, not one for each event.

Whoever appends writes, in the first append of a slice, a marker that says "from here on I may have published
nothing"; the other appends of the slice cost nothing more, nor does it cost anything to note that an event was sent.
A process that lives knows itself what it has not sent. The marker of one that died is renewed no more; whoever
relays then publishes everything that process recorded since, a slice of it perhaps a second time, which readers
take for the redelivery it is, and deletes the marker.

The rule: while an event is durable and perhaps unsent, a marker of its writer with `since` at or before the
event's order is durable. `append` keeps it, as a marker is committed with the events, and is trusted for a
fraction of the time after which others take it for abandoned.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from msgspec import Struct

from shared.domain.event import Recorded

SLICE_S = 10.0
ABANDONED_S = 120.0
"""A marker that is not renewed for so long is a dead process's: over a slice, a commit's and a publication's deadline."""
DOUBT_S = 30.0
"""How long after its deadline a commit may still come about."""
UNSENT_MAX = 20_000
ORDER_TIE_BITS = 12


class Attempt(Struct, frozen=True, eq=False):
    """One append on its way: its events with their orders, and the `since` of the marker to commit with it, if any."""

    events: tuple[tuple[int, Recorded], ...]
    since: int | None
    begun_s: float


class Unsent:
    """What one process has appended for one function and not yet published. Threads may share it.

    It also gives events their order: microseconds, never the same twice in a process, with `tie` below them so
    that two processes hardly ever agree. The order is 63 bits, `tie` 12 of them.
    """

    def __init__(self, tie: int, slice_s: float = SLICE_S) -> None:
        self._tie, self._slice_s = tie % (1 << ORDER_TIE_BITS), slice_s
        self._lock = threading.Lock()
        self._last_us = 0
        self._attempts: set[Attempt] = set()
        self._doubts: list[Attempt] = []
        self._pending: dict[str, tuple[int, Recorded]] = {}
        self._begun_s: float | None = None

    def begin(self, events: Sequence[Recorded]) -> Attempt:
        """Before an append.

        Raises:
            TimeoutError: nothing has been published for so long that no more is taken.
        """
        with self._lock:
            if (waiting := len(self._pending) + len(self._doubts)) > UNSENT_MAX:
                raise TimeoutError(f"{waiting} events wait to be published")
            placed = tuple((self._order(), event) for event in events)
            now_s = time.monotonic()
            covered = not events or (self._begun_s is not None and now_s - self._begun_s < self._slice_s)
            since = None if covered else min([placed[0][0], *self._waiting()])
            attempt = Attempt(placed, since, now_s)
            self._attempts.add(attempt)
            return attempt

    def _order(self) -> int:
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
        return self._last_us << ORDER_TIE_BITS | self._tie

    def _waiting(self) -> Iterator[int]:
        yield from (order for order, _ in self._pending.values())
        for attempt in (*self._attempts, *self._doubts):
            yield from (order for order, _ in attempt.events)

    def committed(self, attempt: Attempt) -> None:
        """The append is durable."""
        with self._lock:
            self._attempts.discard(attempt)
            self._await_sending(attempt)

    def _await_sending(self, attempt: Attempt) -> None:
        self._pending.update((event.id, (order, event)) for order, event in attempt.events)
        if attempt.since is not None:
            self._begun_s = attempt.begun_s

    def refused(self, attempt: Attempt) -> None:
        """Nothing of the append was written."""
        with self._lock:
            self._attempts.discard(attempt)

    def doubted(self, attempt: Attempt) -> None:
        """The append timed out: it may be durable."""
        with self._lock:
            self._attempts.discard(attempt)
            if attempt.events:
                self._doubts.append(attempt)

    def doubts(self) -> list[Attempt]:
        """The doubted appends, to be looked up and settled."""
        with self._lock:
            return list(self._doubts)

    def settle(self, attempt: Attempt, durable: bool | None) -> None:
        """What became of a doubted append; None: it is not there, and may for a while still be on its way."""
        with self._lock:
            if attempt not in self._doubts:
                return
            if durable:
                self._await_sending(attempt)
            elif durable is None and time.monotonic() - attempt.begun_s <= DOUBT_S:
                return
            self._doubts.remove(attempt)

    def pending(self) -> list[Recorded]:
        """What is durable and not yet sent, in the order of its appending."""
        with self._lock:
            return [event for _, event in sorted(self._pending.values(), key=lambda pair: pair[0])]

    def sent(self, event_id: str) -> None:
        """The event is published."""
        with self._lock:
            self._pending.pop(event_id, None)

    def retire(self) -> bool:
        """Whether a marker is out that covers nothing. If so it may go, as the next append brings another."""
        with self._lock:
            if self._begun_s is None or self._pending or self._attempts or self._doubts:
                return False
            self._begun_s = None
            return True

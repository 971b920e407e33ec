"""What processes that died left in their outboxes: see `firestore_outbox` for the markers they leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from shared.adapters.firestore_calls import Calls, committed_ns
from shared.adapters.firestore_documents import OUTBOX
from shared.domain.event import Recorded
from shared.ports.store import Conflict


class _Marker(Struct, frozen=True):
    """The marker of a process that seems dead, as it was read."""

    function: str
    writer: str
    since: int
    update_time: Any


class _Page(Struct):
    """Some of its events, on their way to the bus."""

    marker: _Marker
    left: set[str]
    last: int


class Abandoned:
    """Events of dead processes, page by page; a marker goes once nothing behind it is left to send."""

    def __init__(self, calls: Calls, after_s: float) -> None:
        self._calls, self._after_s = calls, after_s
        self._lock = threading.Lock()
        self._sent_to: dict[tuple[str, str], int] = {}
        self._pages: dict[tuple[str, str], _Page] = {}

    def events(self, function: str, limit: int, own: str, retire: Callable[[], bool]) -> list[Recorded]:
        """The next page of what `function` may not have published, of one dead process.

        The process `own` lives, and only idles: it knows what it has not sent, and whether its marker may `retire`.
        """
        for marker in self._markers(function):
            if marker.writer == own:
                if retire():
                    self._remove(marker)
                continue
            key = (function, marker.writer)
            after = self._sent_to.get(key, marker.since - 1)
            while found := sorted(
                self._calls.events("writer", marker.writer, after, limit), key=lambda one: one[1]
            )[:limit]:
                after = found[-1][1]
                mine = [event for *_, event in found if event.function == function]
                if mine:
                    with self._lock:
                        self._pages[key] = _Page(marker, {event.id for event in mine}, after)
                    return mine
            self._remove(marker)
        return []

    def _markers(self, function: str) -> list[_Marker]:
        before_ns = time.time_ns() - int(self._after_s * 1e9)
        return [
            _Marker(function, snapshot.id, snapshot.get("since"), snapshot.update_time)
            for snapshot in self._calls.query(self._calls.collection(function, OUTBOX))
            if committed_ns(snapshot.update_time) <= before_ns
        ]

    def sent(self, ids: set[str]) -> None:
        """These events are published, among them perhaps some of a page."""
        with self._lock:
            for key, page in list(self._pages.items()):
                page.left -= ids
                if not page.left:
                    self._sent_to[key] = page.last
                    del self._pages[key]

    def _remove(self, marker: _Marker) -> None:
        """Take the marker away, unless its process has renewed it: then it lives."""
        batch = self._calls.client.batch()
        condition = self._calls.client.write_option(last_update_time=marker.update_time)
        batch.delete(self._calls.marker(marker.function, marker.writer), option=condition)
        try:
            self._calls.commit(batch, 0, deletes=1)
        except Conflict:
            return
        self._sent_to.pop((marker.function, marker.writer), None)

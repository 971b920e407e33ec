"""Bus and Log on the SQLite file: the event table is the log, and a reader is a position in it.

Publishing needs no second write, and a function's position moves in the transaction that holds what it made of its
inputs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from shared.adapters.sqlite_file import SqliteFile
from shared.domain.event import Recorded

_SCAN_MAX = 10_000


class SqliteLog(SqliteFile):
    """Bus and Log: see their ports."""

    def publish(self, events: Sequence[Recorded]) -> None:
        """Nothing to do: what is in the log is published."""

    def pull(self, function: str, types: frozenset[str], limit: int) -> list[Recorded]:
        """See Bus. Inside a group it also sees what the group has appended so far."""
        after = max(self._reader_position(function), self._scanned.get(function, 0))
        head = self._position if self._inside == threading.get_ident() else self._durable
        kinds = [self._names[name] for name in types if name in self._names]
        if after >= head or not kinds:
            return []
        marks = ",".join(map(str, kinds))
        where = (
            f"WHERE e.position > ? AND e.position <= ? AND e.type IN ({marks}) ORDER BY e.position LIMIT ?"
        )
        found = self._events(where, after, head, limit)
        if not found:
            self._scanned[function] = head
            # A function whose inputs are rare would look through the whole log again after a restart.
            if self._inside == threading.get_ident() and head - self._reader_position(function) > _SCAN_MAX:
                self._move_reader(function, head)
        return found

    def acknowledge(self, function: str, events: Sequence[Recorded]) -> None:
        """See Bus. Events are to be acknowledged in the order in which they were pulled."""
        if not events:
            return
        if self._inside != threading.get_ident():
            with self.group():
                self.acknowledge(function, events)
            return
        last = events[-1].position
        if last > self._reader_position(function):
            self._move_reader(function, last)

    def _move_reader(self, function: str, position: int) -> None:
        self._writer.execute(
            "INSERT OR REPLACE INTO reader VALUES (?, ?)", (self._number(function), position)
        )
        self._read_to[function] = position

    def oldest_unread_us(self, function: str, types: frozenset[str]) -> int | None:
        """See Bus. Within one function's inputs the log's order is close to that of event time: the first decides."""
        unread = self.pull(function, types, 1)
        return unread[0].time_us if unread else None

    def _reader_position(self, function: str) -> int:
        if function not in self._read_to:
            sql = "SELECT position FROM reader WHERE function = ?"
            row = self._connection.execute(sql, (self._names.get(function, 0),)).fetchone()
            self._read_to[function] = row[0] if row else 0
        return self._read_to[function]

    def since(self, position: int, limit: int) -> list[Recorded]:
        """See Log."""
        return self._events("WHERE e.position > ? ORDER BY e.position LIMIT ?", position, limit)

    def head(self) -> int:
        """See Log."""
        row = self._connection.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()
        return int(row[0])

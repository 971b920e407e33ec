"""A secondary index over ids, written late and in order, as a log-structured merge tree does it.

Ids are hashes. In a B-tree each new one dirties a page of its own, which is written twice, to the log and to the
file, and at a hundred thousand events that costs more than all else. So entries wait in memory, and are merged
into the file sorted, many to a page. Nothing is lost with the process: what waits is learned again from the events.
"""

import sqlite3
import struct
from collections.abc import Iterable

from shared.adapters.rows import insert

SCHEMA = """
CREATE TABLE lookup(key INTEGER, position INTEGER, PRIMARY KEY(key, position)) WITHOUT ROWID;
CREATE TABLE merged(position INTEGER NOT NULL);
INSERT INTO merged VALUES (0);
"""
WAITING_MAX = 16_384
"""How many events are merged at once: a few megabytes in memory, some hundredths of a second to write."""

_halves = struct.Struct(">qq").unpack


def caused_key(causation: bytes) -> int:
    """The key of what an input caused. It finds candidates; the whole id is still to be compared."""
    return int(_halves(causation)[0])


def journey_key(correlation: bytes) -> int:
    """The key of a journey: another half than `caused_key` takes, as an id may be both."""
    return int(_halves(correlation)[1])


class LateIndex:
    """The positions of events by causation and by correlation. One thread writes, any thread may look."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._waiting: dict[int, tuple[int, ...]] = {}
        self._count = 0
        self.learn(connection)

    def learn(self, connection: sqlite3.Connection) -> None:
        """Take into memory what the file's events above the last merge say."""
        merged = connection.execute("SELECT position FROM merged").fetchone()
        self._waiting, self._count = {}, 0
        self.add(
            connection.execute(
                "SELECT position, causation, correlation FROM event WHERE position > ?", merged
            )
        )

    def add(self, events: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Note (position, causation, correlation) of new events."""
        waiting = self._waiting
        for position, causation, correlation in events:
            caused, journey = _halves(causation)[0], _halves(correlation)[1]
            waiting[caused] = (*waiting.get(caused, ()), position)
            waiting[journey] = (*waiting.get(journey, ()), position)
            self._count += 1

    def forget(self, after: int) -> None:
        """Undo what was noted above a position, as its transaction was undone."""
        kept = {key: tuple(p for p in positions if p <= after) for key, positions in self._waiting.items()}
        self._waiting = {key: positions for key, positions in kept.items() if positions}

    def waiting(self, keys: Iterable[int]) -> list[int]:
        """The positions under these keys that are not yet in the file. Look here first, then in the file."""
        return [position for key in keys for position in self._waiting.get(key, ())]

    def merge_if_full(self, connection: sqlite3.Connection, position: int) -> bool:
        """Write what waits, up to `position`, where that is much; once it is durable, `clear` is to be called."""
        if self._count < WAITING_MAX:
            return False
        entries = [(key, position) for key in sorted(self._waiting) for position in self._waiting[key]]
        insert(connection, "INSERT OR IGNORE INTO lookup", entries)
        connection.execute("UPDATE merged SET position = ?", (position,))
        return True

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting, self._count = {}, 0

"""SQLite: Store, Bus and Log in one file, durable, with one writing connection."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from shared.adapters.late_index import caused_key, journey_key
from shared.adapters.rows import insert
from shared.adapters.sqlite_log import SqliteLog
from shared.domain.event import Recorded
from shared.ports.store import Conflict, DueStream, Loaded, NotOwner, View, Write, check_size

_VIEW = (
    "SELECT s.name, s.version, coalesce(s.state, (SELECT data FROM event WHERE stream = s.id AND version = 1)),"
    " s.id, s.correlation, s.recorded FROM stream s"
)
_Row = tuple[Any, ...]
_blob = bytes.fromhex
_CHUNK = 64
_MARKS = ",".join("?" * _CHUNK)
_FOUND = "SELECT position FROM lookup WHERE key {} UNION ALL SELECT value FROM json_each(?)"


class SqliteStore(SqliteLog):
    """Store, Bus and Log on one SQLite file."""

    def load(self, function: str, wants: Sequence[tuple[str, str]], lazy: bool = False) -> list[Loaded]:
        """See Store. A look costs next to nothing here."""
        connection = self._connection
        rows: dict[str, tuple[int, bytes | None, str]] = {}
        for chunk in _chunks(list(dict.fromkeys(stream for stream, _ in wants))):
            sql = f"SELECT name, version, correlation, state, id FROM stream WHERE name IN ({_MARKS})"  # noqa: S608 - only placeholders
            for name, version, correlation, state, number in connection.execute(sql, chunk):
                if state is None:
                    first = "SELECT data FROM event WHERE stream = ? AND version = 1"
                    state = connection.execute(first, (number,)).fetchone()[0]
                rows[name] = (version, state, correlation.hex())
        handled = self._handled(connection, function, list(dict.fromkeys(input_id for _, input_id in wants)))
        new = (0, None, "")
        return [Loaded(*rows.get(stream, new), input_id in handled) for stream, input_id in wants]

    def _handled(self, connection: sqlite3.Connection, function: str, inputs: Sequence[str]) -> set[str]:
        own = f"house.{function}."
        found: set[str] = set()
        caused = f"SELECT causation, type FROM event WHERE position IN ({_FOUND.format(f'IN ({_MARKS})')})"  # noqa: S608 - only placeholders
        marked = f"SELECT input FROM mark WHERE function = ? AND input IN ({_MARKS})"  # noqa: S608 - only placeholders
        number = self._names.get(function)
        for chunk in _chunks([_blob(input_id) for input_id in inputs]):
            keys = [caused_key(input_id) for input_id in chunk if input_id]
            filled = keys + [None] * (_CHUNK - len(keys))
            for causation, kind in connection.execute(caused, (*filled, self._waiting(keys))):
                if self._text(kind).startswith(own):
                    found.add(causation.hex())
            if number is not None:
                found.update(row[0].hex() for row in connection.execute(marked, (number, *chunk)))
        return found

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        """See Store. Outside a group it is a group by itself."""
        if self._inside != threading.get_ident():
            with self.group():
                self.append(function, writes, handled)
            return
        for write in writes:
            check_size(write)
        before, names = (self._next_stream, self._position), len(self._names)
        self._writer.execute("SAVEPOINT append")
        try:
            number = self._number(function)
            events = self._append(number, function, writes)
            marks = [(number, _blob(input_id)) for _, input_id in handled]
            self._writer.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", marks)
        except BaseException as error:
            self._writer.execute("ROLLBACK TO append")
            self._next_stream, self._position = before
            # The names this append was the first to use are gone from the file.
            for text in list(self._names)[names:]:
                del self._names[text]
            if isinstance(error, sqlite3.IntegrityError):
                self._refuse_taken([write.stream for write in writes if not write.expected], function)
                raise Conflict(str(error)) from error
            raise
        finally:
            self._writer.execute("RELEASE append")
        self._index.add((event[0], event[6], event[5]) for event in events)

    def _append(self, owner: int, function: str, writes: Sequence[Write]) -> list[_Row]:
        """Write everything but the marks; the new rows of `event`."""
        known = self._known([write.stream for write in writes if write.expected])
        created: list[_Row] = []
        changed: list[_Row] = []
        events: list[_Row] = []
        tagged: list[_Row] = []
        untagged: list[_Row] = []
        bodies: list[_Row] = []
        for write in writes:
            if write.expected:
                stream, version, its_owner = known.get(write.stream, (0, 0, owner))
                if its_owner != owner:
                    raise NotOwner(f"{write.stream} belongs to {self._text(its_owner)}, not to {function}")
                if version != write.expected:
                    raise Conflict(f"{write.stream} is not at version {write.expected}")
                changed.append((version + len(write.events), write.state, write.due_at_us, stream))
            else:
                first = write.events[0]
                stream = self._next_stream
                self._next_stream += 1
                created.append(
                    (stream, owner, write.stream, len(write.events), write.due_at_us,
                     _blob(first.correlation), first.recorded_us, write.state)
                )  # fmt: skip
            for event in write.events:
                # An event that is folded again keeps the place it had.
                position = event.position or self._position + 1
                self._position = max(self._position, position)
                events.append(self._row(event, stream, position))
            tagged.extend((owner, tag, stream) for tag in write.tags_added)
            untagged.extend((owner, tag, stream) for tag in write.tags_removed)
            if write.attachment is not None:
                bodies.append((stream, write.events[0].recorded_us, write.attachment))
        many = self._writer.executemany
        insert(self._writer, "INSERT INTO stream", created)
        if changed:
            many("UPDATE stream SET version=?, state=?, due_at=? WHERE id=?", changed)
        insert(self._writer, "INSERT INTO event", events)
        if untagged:
            many("DELETE FROM tag WHERE function=? AND text=? AND stream=?", untagged)
        if tagged:
            many("INSERT OR IGNORE INTO tag VALUES (?,?,?)", tagged)
        if bodies:
            many("INSERT OR REPLACE INTO attachment VALUES (?,?,?)", bodies)
        return events

    def _row(self, event: Recorded, stream: int, position: int) -> tuple[Any, ...]:
        kind = self._names.get(event.type) or self._number(event.type)
        return (
            position, stream, event.version, kind, _blob(event.id), _blob(event.correlation),
            _blob(event.causation), event.time_us, event.recorded_us - event.time_us, event.data,
        )  # fmt: skip

    def _known(self, streams: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        sql = f"SELECT name, id, version, function FROM stream WHERE name IN ({_MARKS})"  # noqa: S608 - only placeholders
        return {row[0]: row[1:] for chunk in _chunks(streams) for row in self._writer.execute(sql, chunk)}

    def _refuse_taken(self, streams: Sequence[str], function: str) -> None:
        """Say why streams that were to be new are not; who has them is only asked when the append has failed."""
        for name, (_, version, owner) in self._known(streams).items():
            if owner != self._names.get(function):
                raise NotOwner(f"{name} belongs to {self._text(owner)}, not to {function}")
            raise Conflict(f"{name} is at version {version}, not new")

    def caused(self, stream: str, input_id: str) -> list[Recorded]:
        """See Store."""
        causation = _blob(input_id)
        key = caused_key(causation)
        where = f"WHERE e.position IN ({_FOUND.format('= ?')}) AND e.causation = ? AND s.name = ? ORDER BY e.version"
        return self._events(where, key, self._waiting([key]), causation, stream)

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See Store."""
        where = "WHERE s.name = ? AND e.version > ? ORDER BY e.version LIMIT ?"
        return self._events(where, stream, after, limit)

    def state(self, function: str, stream: str) -> View | None:
        """See Store."""
        found = self._views("WHERE s.name = ? AND s.function = ?", stream, self._names.get(function, 0))
        return found[0] if found else None

    def states(
        self, function: str, tag: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[View]:
        """See Store."""
        number = self._known_number(function)
        last = before if before is not None else 2**62
        if tag is None:
            return self._views(
                "WHERE s.function = ? AND s.id < ? ORDER BY s.id DESC LIMIT ?", number, last, limit
            )
        where = (
            "JOIN tag t ON t.stream = s.id WHERE t.function = ? AND t.text = ? AND t.stream < ?"
            " ORDER BY t.stream DESC LIMIT ?"
        )
        return self._views(where, number, tag, last, limit)

    def due(self, function: str, until_us: int, limit: int = 100) -> list[DueStream]:
        """See Store."""
        sql = (
            "SELECT name, due_at, version, correlation FROM stream"
            " WHERE function = ? AND due_at <= ? ORDER BY due_at LIMIT ?"
        )
        rows = self._connection.execute(sql, (self._known_number(function), until_us, limit))
        return [
            DueStream(name, due_at, version, correlation.hex()) for name, due_at, version, correlation in rows
        ]

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """See Store."""
        identity = _blob(correlation)
        key = journey_key(identity)
        where = (
            f"WHERE e.position IN ({_FOUND.format('= ?')}) AND e.correlation = ? ORDER BY e.position LIMIT ?"
        )
        return self._events(where, key, self._waiting([key]), identity, limit)

    def attachment(self, stream: str) -> bytes | None:
        """See Store."""
        sql = "SELECT body FROM attachment JOIN stream s ON s.id = attachment.stream WHERE s.name = ?"
        row = self._connection.execute(sql, (stream,)).fetchone()
        return row[0] if row else None

    def expire_attachments(self, before_us: int, limit: int = 1000) -> int:
        """See Store. The table is in the order of recording, so the oldest come first."""
        sql = (
            "DELETE FROM attachment WHERE stream IN"
            " (SELECT stream FROM attachment WHERE recorded < ? ORDER BY stream LIMIT ?)"
        )
        return self._erase([(sql, (before_us, limit))])

    def forget(self, streams: Sequence[str]) -> None:
        """See Store."""
        named = f"FROM stream WHERE name IN ({_MARKS})"
        emptied = f"UPDATE attachment SET body = x'' WHERE stream IN (SELECT id {named})"  # noqa: S608 - only placeholders
        added = f"INSERT OR IGNORE INTO attachment SELECT id, recorded, x'' {named}"
        chunks = _chunks(list(streams))
        self._erase([(sql, chunk) for chunk in chunks for sql in (emptied, added)])

    def _erase(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> int:
        """Delete rows so that the file holds nothing of them any more, neither in free pages nor in the log."""
        with self._erasing():
            return sum(self._writer.execute(sql, values).rowcount for sql, values in statements)

    def outbox(self, function: str, limit: int = 100) -> list[Recorded]:
        """Always empty: the bus reads the log itself."""
        return []

    def sent(self, events: Sequence[Recorded]) -> None:
        """Nothing to note: see outbox."""

    def _waiting(self, keys: Sequence[int]) -> str:
        """The positions that only memory knows under these keys, as a JSON array."""
        if self._read_only:
            self._index.learn(self._connection)
        return str(self._index.waiting(keys))

    def _views(self, where: str, *values: Any) -> list[View]:
        rows = self._connection.execute(f"{_VIEW} {where}", values)
        return [
            View(n, version, state, cursor, c.hex(), recorded)
            for n, version, state, cursor, c, recorded in rows
        ]


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    """Values in lists of one length, filled up with None, so that one prepared statement serves all."""
    for start in range(0, len(values), _CHUNK):
        chunk = list(values[start : start + _CHUNK])
        yield chunk + [None] * (_CHUNK - len(chunk))

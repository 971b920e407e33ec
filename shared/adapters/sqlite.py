"""SQLite: Store, Bus and Log in one file, durable (WAL, synchronous=FULL), with one writing connection.

The log is the event table itself: the bus reads it by position, so publishing needs no second write, and a
function's position moves in the transaction that holds what it made of its inputs.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from shared.adapters import late_index
from shared.adapters.late_index import LateIndex, caused_key, journey_key
from shared.adapters.rows import insert
from shared.domain.event import Recorded
from shared.ports.store import Conflict, DueStream, Loaded, NotOwner, View, Write, check_size

SCHEMA_VERSION = 2
_SCHEMA = f"""
CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE stream(
    id INTEGER PRIMARY KEY, function INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
    due_at INTEGER, correlation BLOB NOT NULL, recorded INTEGER NOT NULL, state BLOB);
CREATE INDEX stream_due ON stream(function, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE event(
    position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL, type INTEGER NOT NULL,
    id BLOB NOT NULL, correlation BLOB NOT NULL, causation BLOB NOT NULL,
    time INTEGER NOT NULL, lag INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX event_version ON event(stream, version);
CREATE TABLE tag(function INTEGER, text TEXT, stream INTEGER, PRIMARY KEY(function, text, stream)) WITHOUT ROWID;
CREATE TABLE mark(function INTEGER, input BLOB, PRIMARY KEY(function, input)) WITHOUT ROWID;
CREATE TABLE attachment(stream INTEGER PRIMARY KEY, recorded INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE reader(function INTEGER PRIMARY KEY, position INTEGER NOT NULL);
{late_index.SCHEMA}
"""
_EVENT = (
    "SELECT e.position, s.name, e.version, e.type, e.id, e.correlation, e.causation, e.time, e.lag, e.data"
    " FROM event e JOIN stream s ON s.id = e.stream"
)
_VIEW = (
    "SELECT s.name, s.version, coalesce(s.state, (SELECT data FROM event WHERE stream = s.id AND version = 1)),"
    " s.id, s.correlation, s.recorded FROM stream s"
)
_Row = tuple[Any, ...]
_blob = bytes.fromhex
_CHUNK = 64
_MARKS = ",".join("?" * _CHUNK)
_SCAN_MAX = 10_000
_PAGE_BYTES = 8_192
_WAL_PAGES = 4_096
"""Ids are hashes, so every group touches pages all over the indexes: the more groups share a checkpoint, the fewer
times each page is written. 32 MiB are checkpointed in well under a second."""
_FOUND = "SELECT position FROM lookup WHERE key {} UNION ALL SELECT value FROM json_each(?)"
_READ_ONLY_CACHE_KIB, _WRITER_CACHE_KIB = 4_096, 32_768


class NotOurs(Exception):
    """The file is not a House store of this version."""


class SqliteStore:
    """Store, Bus and Log on one SQLite file.

    One thread at a time may be inside `group`; it alone sees what is not yet durable. Any thread may read.
    `synchronous="OFF"` is for a store that is made from another and only then takes its place.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, synchronous: Literal["FULL", "OFF"] = "FULL"
    ) -> None:
        self.path, self._synchronous, self._read_only = path, synchronous, read_only
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        # A new thread's first read must not wait for a group, which holds the other lock.
        self._readers_lock = threading.Lock()
        self._lock = threading.RLock()
        self._inside: int | None = None
        self._writer = self._connect() if read_only else self._open()
        self._names: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._learn_names(self._writer)
        self._next_stream = self._one("SELECT coalesce(max(id), 0) FROM stream") + 1
        self._position = self._one("SELECT coalesce(max(position), 0) FROM event")
        self._durable = self._position
        self._index = LateIndex(self._writer)
        # What this process has looked through without finding anything for a function; the file keeps less.
        self._scanned: dict[str, int] = {}
        self._read_to: dict[str, int] = {}

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        # What a savepoint could undo need not go through a temporary file.
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise NotOurs(f"{self.path} has schema version {version}, this House reads {SCHEMA_VERSION}")
        if version == 0:
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{self.path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA cache_size=-{_READ_ONLY_CACHE_KIB}")
        return connection

    @property
    def _connection(self) -> sqlite3.Connection:
        """The writer inside a group, this thread's own reader elsewhere."""
        if self._inside == threading.get_ident():
            return self._writer
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def _one(self, sql: str, *values: Any) -> Any:
        return self._writer.execute(sql, values).fetchone()[0]

    def close(self) -> None:
        """Close every connection; the file is left checkpointed."""
        with self._lock, self._readers_lock:
            for connection in (*self._readers, self._writer):
                connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside, this thread's reads all see the store as it is now, whatever is written meanwhile."""
        connection = self._connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    def adopt(self, path: Path) -> None:
        """Take over from another store what no event tells: marks, positions read, raw bodies. Then sync it all."""
        self._writer.execute("ATTACH ? AS old", (str(path),))
        with self.group():
            self._writer.execute(
                "INSERT OR IGNORE INTO name(text) SELECT o.text FROM old.name o"
                " WHERE o.text NOT IN (SELECT text FROM main.name)"
            )
            same = "JOIN old.name o ON o.id = t.function JOIN main.name n ON n.text = o.text"
            for table, column in (("mark", "input"), ("reader", "position")):
                self._writer.execute(
                    f"INSERT INTO main.{table} SELECT n.id, t.{column} FROM old.{table} t {same}"  # noqa: S608 - ours
                )
            self._writer.execute(
                "INSERT INTO main.attachment SELECT s.id, t.recorded, t.body FROM old.attachment t"
                " JOIN old.stream o ON o.id = t.stream JOIN main.stream s ON s.name = o.name"
            )
        self._writer.execute("DETACH old")
        self._writer.execute("PRAGMA synchronous=FULL")
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Names are interned: types, functions.

    def _learn_names(self, connection: sqlite3.Connection) -> None:
        for number, text in connection.execute("SELECT id, text FROM name"):
            self._names[text], self._texts[number] = number, text

    def _number(self, text: str) -> int:
        number = self._names.get(text)
        if number is None:
            number = self._writer.execute(
                "INSERT INTO name(text) VALUES (?) RETURNING id", (text,)
            ).fetchone()[0]
            self._names[text], self._texts[number] = number, text
        return number

    def _text(self, number: int) -> str:
        if number not in self._texts:
            self._learn_names(self._connection)
        return self._texts[number]

    # Store

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction: see Store."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            before = (
                self._next_stream,
                self._position,
                dict(self._read_to),
                dict(self._scanned),
                dict(self._names),
            )
            self._inside = threading.get_ident()
            try:
                yield
                merged = self._index.merge_if_full(self._writer, self._position)
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                self._next_stream, self._position, self._read_to, self._scanned, self._names = before
                self._index.forget(self._position)
                if isinstance(error, sqlite3.OperationalError):
                    raise TimeoutError(f"{self.path}: {error}") from error
                raise
            finally:
                self._inside = None
            self._durable = self._position
            if merged:
                self._index.clear()

    def load(self, function: str, wants: Sequence[tuple[str, str]]) -> list[Loaded]:
        """See Store."""
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
        if self._inside == threading.get_ident():
            return self._writer.execute(sql, (before_us, limit)).rowcount
        with self.group():
            return self._writer.execute(sql, (before_us, limit)).rowcount

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

    def _known_number(self, text: str) -> int:
        if text not in self._names:
            self._learn_names(self._connection)
        return self._names.get(text, 0)

    def _views(self, where: str, *values: Any) -> list[View]:
        rows = self._connection.execute(f"{_VIEW} {where}", values)
        return [
            View(n, version, state, cursor, c.hex(), recorded)
            for n, version, state, cursor, c, recorded in rows
        ]

    def _events(self, where: str, *values: Any) -> list[Recorded]:
        text = self._text
        return [
            Recorded(
                i.hex(), text(kind), stream, version, time, time + lag, corr.hex(), caus.hex(), data, position
            )
            for position, stream, version, kind, i, corr, caus, time, lag, data in self._connection.execute(
                f"{_EVENT} {where}", values
            )
        ]

    # Bus

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

    # Log

    def since(self, position: int, limit: int) -> list[Recorded]:
        """See Log."""
        return self._events("WHERE e.position > ? ORDER BY e.position LIMIT ?", position, limit)

    def head(self) -> int:
        """See Log."""
        row = self._connection.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()
        return int(row[0])


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    """Values in lists of one length, filled up with None, so that one prepared statement serves all."""
    for start in range(0, len(values), _CHUNK):
        chunk = list(values[start : start + _CHUNK])
        yield chunk + [None] * (_CHUNK - len(chunk))

"""The SQLite file beneath Store, Bus and Log: its schema, its connections, its one writer (WAL, synchronous=FULL)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from shared.adapters import late_index
from shared.adapters.late_index import LateIndex
from shared.domain.event import Recorded

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
_PAGE_BYTES = 8_192
_WAL_PAGES = 4_096
"""Ids are hashes, so every group touches pages all over the indexes: the more groups share a checkpoint, the fewer
times each page is written. 32 MiB are checkpointed in well under a second."""
_READ_ONLY_CACHE_KIB, _WRITER_CACHE_KIB = 4_096, 32_768


class NotOurs(Exception):
    """The file is not a House store of this version."""


class SqliteFile:
    """One file, its writer and its readers, and what is remembered between transactions.

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

    @contextmanager
    def _erasing(self) -> Iterator[None]:
        """A group of deletions whose rows are overwritten; the log, which holds them too, is cut off afterwards."""
        with self._lock:
            self._writer.execute("PRAGMA secure_delete=ON")
            try:
                with self.group():
                    yield
            finally:
                self._writer.execute("PRAGMA secure_delete=OFF")
            # It cuts nothing off while somebody still reads what lies there; closing does.
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

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

    def _known_number(self, text: str) -> int:
        if text not in self._names:
            self._learn_names(self._connection)
        return self._names.get(text, 0)

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

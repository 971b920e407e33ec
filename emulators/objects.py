"""Objects: what Google Cloud Storage remembers of buckets and objects, in one SQLite file.

Each insertion is a new generation, held to its preconditions, checksums and the bucket's retention; a versioned bucket
keeps the generations before it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulators.resources import (
    BUCKET_FIELDS,
    COPIED_FIELDS,
    OBJECT_FIELDS,
    Conditions,
    Refused,
    Resource,
    check_fields,
    check_name,
    check_retention,
    check_sums,
    checksums,
    new_bucket,
    new_object,
    now,
    patched,
)

PAGE_MAX = 1_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket(name TEXT PRIMARY KEY, resource TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS object(
    generation INTEGER PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, live INTEGER NOT NULL,
    resource TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS object_name ON object(bucket, name, generation);
CREATE UNIQUE INDEX IF NOT EXISTS object_live ON object(bucket, name) WHERE live;
"""


@dataclass(frozen=True)
class Page:
    """One page of a listing."""

    items: list[Resource]
    prefixes: list[str]
    next_token: str | None


class Objects:
    """Buckets and objects; durable in `path`, or in memory. For one thread at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        self._generation = self._db.execute("SELECT coalesce(max(generation), 0) FROM object").fetchone()[0]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- buckets

    def create_bucket(self, given: Resource) -> Resource:
        """A new bucket.

        Raises:
            Refused: its name is taken, or a field is not known here.
        """
        check_fields(given, BUCKET_FIELDS)
        name = given.get("name", "")
        if self._db.execute("SELECT 1 FROM bucket WHERE name = ?", (name,)).fetchone():
            raise Refused(409, "conflict", "Your previous request to create the named bucket succeeded.")
        resource = new_bucket(name, given)
        self._db.execute("INSERT INTO bucket VALUES(?, ?)", (name, json.dumps(resource)))
        return resource

    def bucket(self, name: str) -> Resource:
        """One bucket.

        Raises:
            Refused: 404, there is none.
        """
        row = self._db.execute("SELECT resource FROM bucket WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Refused(404, "notFound", "The specified bucket does not exist.")
        return _resource(row[0])

    def buckets(self, prefix: str) -> list[Resource]:
        """All buckets whose name begins with `prefix`."""
        rows = self._db.execute("SELECT name, resource FROM bucket ORDER BY name")
        return [_resource(text) for name, text in rows if name.startswith(prefix)]

    def change_bucket(self, name: str, changes: Resource) -> Resource:
        """The bucket with `changes`."""
        check_fields(changes, BUCKET_FIELDS)
        resource = patched(self.bucket(name), changes)
        self._db.execute("UPDATE bucket SET resource = ? WHERE name = ?", (json.dumps(resource), name))
        return resource

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket; versions that are no longer live count."""
        self.bucket(name)
        if self._db.execute("SELECT 1 FROM object WHERE bucket = ?", (name,)).fetchone():
            raise Refused(409, "conflict", "The bucket you tried to delete is not empty.")
        self._db.execute("DELETE FROM bucket WHERE name = ?", (name,))

    # -- objects

    def check(self, bucket: str, given: Resource, conditions: Conditions) -> Resource | None:
        """The live object that `given` would follow.

        Raises:
            Refused: a precondition, a field, the name or the bucket.
        """
        self.bucket(bucket)
        check_fields(given, OBJECT_FIELDS)
        before = self._live(bucket, check_name(given.get("name", "")))
        conditions.check(before)
        return before

    def insert(self, bucket: str, given: Resource, data: bytes, conditions: Conditions) -> Resource:
        """A new generation of an object, live from now on.

        Raises:
            Refused: a precondition, a checksum, a name, the bucket, or the retention of what is there.
        """
        before = self.check(bucket, given, conditions)
        holder, sums = self.bucket(bucket), checksums(data)
        check_sums(given, sums)
        self._generation = generation = max(self._generation + 1, time.time_ns() // 1_000)
        resource = new_object(holder, given, sums, generation, len(data))
        row = (generation, bucket, given["name"], True, json.dumps(resource), data)
        with self._transaction():
            if before is not None:
                self._retire(holder, before)
            self._db.execute("INSERT INTO object VALUES(?, ?, ?, ?, ?, ?)", row)
        return resource

    def get(self, bucket: str, name: str, generation: int | None, conditions: Conditions) -> Resource:
        """The live object, or one of its generations.

        Raises:
            Refused: 404, 412 or 304.
        """
        self.bucket(bucket)
        if generation is None:
            found = self._live(bucket, name)
        else:
            row = self._db.execute(
                "SELECT resource FROM object WHERE bucket = ? AND name = ? AND generation = ?",
                (bucket, name, generation),
            ).fetchone()
            found = _resource(row[0]) if row else None
        if found is None:
            raise Refused(404, "notFound", f"No such object: {bucket}/{name}")
        conditions.check(found, reading=True)
        return found

    def data(self, resource: Resource) -> bytes:
        """The bytes of one generation."""
        row = self._db.execute("SELECT data FROM object WHERE generation = ?", (resource["generation"],))
        return bytes(row.fetchone()[0])

    def change(
        self, bucket: str, name: str, generation: int | None, changes: Resource, conditions: Conditions
    ) -> Resource:
        """An object with other metadata; its bytes and its storage class stay."""
        check_fields(changes, COPIED_FIELDS)
        before = self.get(bucket, name, generation, Conditions())
        conditions.check(before)
        resource = {**patched(before, changes), "updated": now()}
        self._db.execute(
            "UPDATE object SET resource = ? WHERE generation = ?",
            (json.dumps(resource), resource["generation"]),
        )
        return resource

    def delete(self, bucket: str, name: str, generation: int | None, conditions: Conditions) -> None:
        """Remove the live object, which a versioned bucket keeps as a version, or one generation for good."""
        holder = self.bucket(bucket)
        found = self.get(bucket, name, generation, Conditions())
        conditions.check(found)
        if generation is None:
            self._retire(holder, found)
        else:
            check_retention(holder, found)
            self._db.execute("DELETE FROM object WHERE generation = ?", (generation,))

    def list(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        versions: bool = False,
        token: str | None = None,
        limit: int = PAGE_MAX,
    ) -> Page:
        """Objects by name, then generation; at most `limit` items and prefixes together on a page."""
        self.bucket(bucket)
        items: list[Resource] = []
        prefixes: list[str] = []
        last = _token(token) if token else None
        for name, generation, text in self._from(bucket, max(prefix, last[0] if last else ""), versions):
            if not name.startswith(prefix):
                break
            rest, cut, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            entry = (prefix + rest + cut, 0) if cut else (name, generation)
            if last is not None and (entry <= last or (cut and entry[0] == last[0])):
                continue
            if len(items) + len(prefixes) == limit and last is not None:
                return Page(items, prefixes, b64encode(json.dumps(last).encode()).decode())
            last = entry
            if cut:
                prefixes.append(entry[0])
            else:
                items.append(_resource(text))
        return Page(items, prefixes, None)

    def _from(self, bucket: str, name: str, versions: bool) -> Iterator[tuple[str, int, str]]:
        return iter(
            self._db.execute(
                "SELECT name, generation, resource FROM object"
                " WHERE bucket = ? AND name >= ? AND (live OR ?) ORDER BY name, generation",
                (bucket, name, versions),
            )
        )

    def _live(self, bucket: str, name: str) -> Resource | None:
        row = self._db.execute(
            "SELECT resource FROM object WHERE bucket = ? AND name = ? AND live", (bucket, name)
        ).fetchone()
        return _resource(row[0]) if row else None

    def _retire(self, holder: Resource, resource: Resource) -> None:
        """Take a generation out of the way of the next: a versioned bucket keeps it."""
        generation = resource["generation"]
        if holder.get("versioning", {}).get("enabled"):
            kept = json.dumps({**resource, "timeDeleted": now()})
            self._db.execute(
                "UPDATE object SET live = 0, resource = ? WHERE generation = ?", (kept, generation)
            )
            return
        check_retention(holder, resource)
        self._db.execute("DELETE FROM object WHERE generation = ?", (generation,))


def _token(token: str) -> tuple[str, int]:
    try:
        name, generation = json.loads(b64decode(token, validate=True))
        return str(name), int(generation)
    except (ValueError, TypeError) as error:
        raise Refused(400, "invalid", "Invalid value for pageToken") from error


def _resource(text: str) -> Resource:
    resource: Resource = json.loads(text)
    return resource

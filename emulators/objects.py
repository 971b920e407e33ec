"""Objects: what Google Cloud Storage remembers of buckets and objects, in one SQLite file.

Follows the JSON API's reference (https://cloud.google.com/storage/docs/json_api/v1): generations, preconditions,
versions, retention, storage classes and checksums. Resources are plain dictionaries, numbers in them text, as there.
"""

from __future__ import annotations

import json
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from google_crc32c import Checksum

NAME_BYTES_MAX = 1_024
PAGE_MAX = 1_000
STORAGE_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
BUCKET_FIELDS = {"name", "storageClass", "location", "versioning", "retentionPolicy", "iamConfiguration"}
OBJECT_FIELDS = {"name", "contentType", "metadata", "storageClass", "cacheControl", "crc32c", "md5Hash"}
COPIED_FIELDS = {"contentType", "metadata", "cacheControl"}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket(name TEXT PRIMARY KEY, resource TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS object(
    generation INTEGER PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, live INTEGER NOT NULL,
    resource TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS object_name ON object(bucket, name, generation);
CREATE UNIQUE INDEX IF NOT EXISTS object_live ON object(bucket, name) WHERE live;
"""
Resource = dict[str, Any]


class Refused(Exception):
    """The service's answer when it does not do what was asked: an HTTP status, a reason, a message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass(frozen=True)
class Conditions:
    """Preconditions on the object as it stands; generation 0 stands for none."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    def check(self, current: Resource | None, *, reading: bool = False) -> None:
        """Refuse unless all hold: 412, or 304 where a reader has what it asks for already.

        Raises:
            Refused: one does not hold.
        """
        generation = int(current["generation"]) if current else 0
        metageneration = int(current["metageneration"]) if current else 0
        for wanted, has in (
            (self.generation_match, generation),
            (self.metageneration_match, metageneration),
        ):
            if wanted is not None and wanted != has:
                raise _condition(412)
        for unwanted, has in (
            (self.generation_not_match, generation),
            (self.metageneration_not_match, metageneration),
        ):
            if unwanted is not None and unwanted == has:
                raise _condition(304 if reading else 412)


def _condition(status: int) -> Refused:
    message = "At least one of the pre-conditions you specified did not hold."
    return Refused(status, "conditionNotMet", message)


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
        _known(given, BUCKET_FIELDS)
        _storage_class(given)
        name = given.get("name", "")
        if self._db.execute("SELECT 1 FROM bucket WHERE name = ?", (name,)).fetchone():
            raise Refused(409, "conflict", "Your previous request to create the named bucket succeeded.")
        resource = {
            "kind": "storage#bucket",
            "id": name,
            "location": "US",
            "storageClass": "STANDARD",
            **given,
            "metageneration": "1",
            "timeCreated": _now(),
        }
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
        _known(changes, BUCKET_FIELDS)
        _storage_class(changes)
        resource = _changed(self.bucket(name), changes)
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
        _known(given, OBJECT_FIELDS)
        _storage_class(given)
        before = self._live(bucket, _object_name(given.get("name", "")))
        conditions.check(before)
        return before

    def insert(self, bucket: str, given: Resource, data: bytes, conditions: Conditions) -> Resource:
        """A new generation of an object, live from now on.

        Raises:
            Refused: a precondition, a checksum, a name, the bucket, or the retention of what is there.
        """
        before = self.check(bucket, given, conditions)
        holder, name = self.bucket(bucket), given["name"]
        sums = checksums(data)
        for field, stated in ((field, given[field]) for field in sums if given.get(field)):
            if stated != sums[field]:
                label = {"crc32c": "CRC32C", "md5Hash": "MD5 hash"}[field]
                message = f'Provided {label} "{stated}" doesn\'t match calculated {label} "{sums[field]}".'
                raise Refused(400, "invalid", message)
        self._generation = generation = max(self._generation + 1, time.time_ns() // 1_000)
        now = _now()
        resource = {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "bucket": bucket,
            "contentType": "application/octet-stream",
            "storageClass": holder["storageClass"],
            **given,
            **sums,
            "generation": str(generation),
            "metageneration": "1",
            "size": str(len(data)),
            "etag": b64encode(str(generation).encode()).decode(),
            "timeCreated": now,
            "updated": now,
            "timeStorageClassUpdated": now,
        }
        row = (generation, bucket, name, True, json.dumps(resource), data)
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
        _known(changes, COPIED_FIELDS)
        before = self.get(bucket, name, generation, Conditions())
        conditions.check(before)
        resource = {**_changed(before, changes), "updated": _now()}
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
            _retained(holder, found)
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
            kept = json.dumps({**resource, "timeDeleted": _now()})
            self._db.execute(
                "UPDATE object SET live = 0, resource = ? WHERE generation = ?", (kept, generation)
            )
            return
        _retained(holder, resource)
        self._db.execute("DELETE FROM object WHERE generation = ?", (generation,))


def checksums(data: bytes) -> dict[str, str]:
    """The two the service keeps, in base64: CRC32C big-endian, and MD5."""
    crc = Checksum(data).digest()  # type: ignore[no-untyped-call] # it has a marker but no annotations
    digest = md5(data, usedforsecurity=False).digest()
    return {"crc32c": b64encode(crc).decode(), "md5Hash": b64encode(digest).decode()}


def _retained(holder: Resource, resource: Resource) -> None:
    period_s = int(holder.get("retentionPolicy", {}).get("retentionPeriod", 0))
    created = datetime.fromisoformat(resource["timeCreated"])
    if (datetime.now(UTC) - created).total_seconds() < period_s:
        message = f"Object '{resource['id']}' is subject to bucket's retention policy and cannot be deleted."
        raise Refused(403, "retentionPolicyNotMet", message)


def _object_name(name: str) -> str:
    encoded = name.encode()
    if not 1 <= len(encoded) <= NAME_BYTES_MAX or name in (".", "..") or {"\r", "\n"} & set(name):
        raise Refused(400, "invalid", "Invalid object name.")
    return name


def _known(given: Mapping[str, Any], fields: set[str]) -> None:
    """Nothing is quietly ignored: what this server does not keep, it refuses."""
    if unknown := sorted(set(given) - fields):
        raise Refused(501, "notImplemented", f"this emulator does not know the field {unknown[0]}")


def _storage_class(given: Mapping[str, Any]) -> None:
    if given.get("storageClass", "STANDARD") not in STORAGE_CLASSES:
        raise Refused(400, "invalid", f"Invalid argument: storage class {given['storageClass']!r}")


def _changed(resource: Resource, changes: Resource) -> Resource:
    """A patch: null removes a field, and fields of `metadata` are patched one by one."""
    after = {**resource, **changes, "metageneration": str(int(resource["metageneration"]) + 1)}
    if isinstance(changes.get("metadata"), dict):
        after["metadata"] = {**resource.get("metadata", {}), **changes["metadata"]}
        after["metadata"] = {key: value for key, value in after["metadata"].items() if value is not None}
    return {field: value for field, value in after.items() if value is not None}


def _token(token: str) -> tuple[str, int]:
    try:
        name, generation = json.loads(b64decode(token, validate=True))
        return str(name), int(generation)
    except (ValueError, TypeError) as error:
        raise Refused(400, "invalid", "Invalid value for pageToken") from error


def _resource(text: str) -> Resource:
    resource: Resource = json.loads(text)
    return resource


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

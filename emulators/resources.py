"""Resources: what Google Cloud Storage says of a bucket or an object, and the rules it holds them to.

Follows the JSON API's reference (https://cloud.google.com/storage/docs/json_api/v1). Resources are plain dictionaries,
numbers in them text, as there.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from google_crc32c import Checksum

NAME_BYTES_MAX = 1_024
STORAGE_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
BUCKET_FIELDS = {"name", "storageClass", "location", "versioning", "retentionPolicy", "iamConfiguration"}
OBJECT_FIELDS = {"name", "contentType", "metadata", "storageClass", "cacheControl", "crc32c", "md5Hash"}
COPIED_FIELDS = {"contentType", "metadata", "cacheControl"}
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


def checksums(data: bytes) -> dict[str, str]:
    """The two the service keeps, in base64: CRC32C big-endian, and MD5."""
    crc = Checksum(data).digest()  # type: ignore[no-untyped-call] # it has a marker but no annotations
    digest = md5(data, usedforsecurity=False).digest()
    return {"crc32c": b64encode(crc).decode(), "md5Hash": b64encode(digest).decode()}


def check_sums(given: Resource, sums: Mapping[str, str]) -> None:
    """Hold bytes to the checksums that came with them.

    Raises:
        Refused: one is another.
    """
    for field, stated in ((field, given[field]) for field in sums if given.get(field)):
        if stated != sums[field]:
            label = {"crc32c": "CRC32C", "md5Hash": "MD5 hash"}[field]
            message = f'Provided {label} "{stated}" doesn\'t match calculated {label} "{sums[field]}".'
            raise Refused(400, "invalid", message)


def check_fields(given: Mapping[str, Any], fields: set[str]) -> None:
    """Nothing is quietly ignored: what this server does not keep, it refuses.

    Raises:
        Refused: a field is not among `fields`, or the storage class is none.
    """
    if unknown := sorted(set(given) - fields):
        raise Refused(501, "notImplemented", f"this emulator does not know the field {unknown[0]}")
    if given.get("storageClass", "STANDARD") not in STORAGE_CLASSES:
        raise Refused(400, "invalid", f"Invalid argument: storage class {given['storageClass']!r}")


def check_name(name: str) -> str:
    """An object's name, as it may be.

    Raises:
        Refused: it may not.
    """
    encoded = name.encode()
    if not 1 <= len(encoded) <= NAME_BYTES_MAX or name in (".", "..") or {"\r", "\n"} & set(name):
        raise Refused(400, "invalid", "Invalid object name.")
    return name


def check_retention(holder: Resource, resource: Resource) -> None:
    """Let an object go only after the days that its bucket keeps it.

    Raises:
        Refused: they are not over.
    """
    period_s = int(holder.get("retentionPolicy", {}).get("retentionPeriod", 0))
    created = datetime.fromisoformat(resource["timeCreated"])
    if (datetime.now(UTC) - created).total_seconds() < period_s:
        message = f"Object '{resource['id']}' is subject to bucket's retention policy and cannot be deleted."
        raise Refused(403, "retentionPolicyNotMet", message)


def new_bucket(name: str, given: Resource) -> Resource:
    """A bucket as it is created."""
    return {
        "kind": "storage#bucket",
        "id": name,
        "location": "US",
        "storageClass": "STANDARD",
        **given,
        "metageneration": "1",
        "timeCreated": now(),
    }


def new_object(
    holder: Resource, given: Resource, sums: Mapping[str, str], generation: int, size_bytes: int
) -> Resource:
    """An object as it is inserted into its bucket, the `holder`."""
    instant = now()
    return {
        "kind": "storage#object",
        "id": f"{holder['name']}/{given['name']}/{generation}",
        "bucket": holder["name"],
        "contentType": "application/octet-stream",
        "storageClass": holder["storageClass"],
        **given,
        **sums,
        "generation": str(generation),
        "metageneration": "1",
        "size": str(size_bytes),
        "etag": b64encode(str(generation).encode()).decode(),
        "timeCreated": instant,
        "updated": instant,
        "timeStorageClassUpdated": instant,
    }


def patched(resource: Resource, changes: Resource) -> Resource:
    """A patch: null removes a field, and fields of `metadata` are patched one by one."""
    after = {**resource, **changes, "metageneration": str(int(resource["metageneration"]) + 1)}
    if isinstance(changes.get("metadata"), dict):
        after["metadata"] = {**resource.get("metadata", {}), **changes["metadata"]}
        after["metadata"] = {key: value for key, value in after["metadata"].items() if value is not None}
    return {field: value for field, value in after.items() if value is not None}


def now() -> str:
    """This instant, as the service writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

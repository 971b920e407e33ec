"""Deployment: what a function needs of a cloud beside its topics: documents, buckets, secrets, room to run.

Everything follows from the function's own declaration, so Terraform, which reads it from `terraform/route.json`,
gives each function's account exactly that, and a new function changes no Terraform.
"""

from collections.abc import Collection, Mapping
from typing import Any

from shared.runtime.shapes import Function

TICK_PATH, TICK_S = "/tick", 60
"""A minute is the shortest schedule Google has: a tick relays the outbox, wakes due streams, runs draws and errands."""
BODIES, ARCHIVE = "bodies", "archive"
"""Buckets: what may go after 30 days and the creatives; and what is kept for good."""
_ANSWERS = {"memory_mib": 512, "cpu": 1, "concurrency": 80, "timeout_s": 60}
_DECIDES = {"memory_mib": 512, "cpu": 1, "concurrency": 40, "timeout_s": 60}
_DRAWS = {"memory_mib": 1024, "cpu": 1, "concurrency": 20, "timeout_s": 300}
_GOES_OUT = {"memory_mib": 512, "cpu": 1, "concurrency": 8, "timeout_s": 540}


def needs(function: Function, every: Collection[str] | None = None) -> dict[str, Any]:
    """What the function's account may touch and what its instances are made of.

    `every` names all functions where it reads the log, whose documents it then sees. `collections` it `writes` (its
    own) and `reads` (those it has views of, and those its inputs lie in: a redrive and a raw body come from there).
    """
    sources = {kind.split(".", 2)[1] for kind in function.reads}
    views = {view for intake in function.intakes for view in intake.views}
    return {
        "http": bool(function.intakes),
        "collections": {
            "writes": [function.name],
            "reads": sorted({*sources, *views, *(every or ())} - {function.name}),
        },
        # Any event may be large enough to travel as a reference into the bucket of bodies.
        "buckets": [ARCHIVE, BODIES] if every is not None else [BODIES],
        "secrets": sorted(function.secrets),
        "tick": {"path": TICK_PATH, "every_s": TICK_S},
        "instance": _instance(function),
    }


def _instance(function: Function) -> Mapping[str, int]:
    """What one instance is made of, and how many requests it takes at once."""
    if function.intakes:
        return _ANSWERS
    if function.errands:
        return _GOES_OUT
    return _DRAWS if function.draws else _DECIDES


def firestore(functions: Collection[str]) -> dict[str, Any]:
    """The indexes that the store's queries need, and the fields that say when a document may go.

    `collections` lists all there are by their last name: whatever is not in `indexes` is not indexed at all.
    """
    return {
        "collections": sorted({*functions, *BESIDE}),
        "indexes": [
            {"collection": collection, "scope": scope, "fields": fields}
            for collection, scope, fields in sorted(_indexes(functions), key=str)
        ],
        "ttl": [{"collection": collection, "path": path} for collection, path in EXPIRES],
    }


BESIDE = ("events", "attachments")
EXPIRES = (("attachments", "expire_at"),)


def _indexes(functions: Collection[str]) -> list[Any]:
    found: list[Any] = []
    for name in functions:
        found.append(
            (
                name,
                "COLLECTION",
                [{"path": "tags", "array": "CONTAINS"}, {"path": "cursor", "order": "DESCENDING"}],
            )
        )
        found.append((name, "COLLECTION", [{"path": "due_at", "order": "ASCENDING"}]))
    return found

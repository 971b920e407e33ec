"""Deployment: what a function needs of a cloud beside its topics: documents, buckets, secrets, room to run.

Everything follows from the function's own declaration, so Terraform, which reads it from `terraform/route.json`,
gives each function's account exactly that, and a new function changes no Terraform.
"""

from collections.abc import Collection, Mapping
from typing import Any

from shared.adapters import firestore_documents as documents
from shared.adapters.vaults import KEYS
from shared.domain.event import all_types
from shared.runtime.sealing import is_personal
from shared.runtime.shapes import Function

TICK_PATH, TICK_S = "/tick", 60
"""A minute is the shortest schedule Google has: a tick relays the outbox, wakes due streams, runs draws and errands."""
BODIES, ARCHIVE = "bodies", "archive"
"""Buckets: raw bodies, creatives and what messages refer to, for everyone; and what is kept for good."""
EXPIRING: tuple[tuple[str, str], ...] = ()
"""Fields that say when a document may go. None so far: a raw body lies in a document that stays when its body goes."""
_ANSWERS = {"memory_mib": 512, "cpu": 1, "concurrency": 80, "timeout_s": 60}
_DECIDES = {"memory_mib": 512, "cpu": 1, "concurrency": 40, "timeout_s": 60}
_DRAWS = {"memory_mib": 1024, "cpu": 1, "concurrency": 20, "timeout_s": 300}
_GOES_OUT = {"memory_mib": 512, "cpu": 1, "concurrency": 8, "timeout_s": 540}


def needs(function: Function, views: Collection[str], every: Collection[str] | None = None) -> dict[str, Any]:
    """What the function's account may touch and what its instances are made of.

    `views` names the functions it has views of; `every` all of them where it reads the log, whose documents it then
    sees. `collections` it `writes` (its own) and `reads` (those it has views of, and those its inputs lie in: a
    redrive and a raw body come from there). `ledger` is what it does with the public ledger's bucket, if anything.
    `keys`: whether it may use the key-encryption key.
    """
    sources = {kind.split(".", 2)[1] for kind in function.reads}
    return {
        "http": bool(function.intakes),
        "collections": {
            "writes": [function.name],
            "reads": sorted({*sources, *views, *(every or ())} - {function.name}),
        },
        "bucket": BODIES if every is None else ARCHIVE,
        "ledger": function.ledger,
        "secrets": sorted(function.secrets),
        "keys": _needs_keys(function),
        "tick": {"path": TICK_PATH, "every_s": TICK_S},
        "instance": _instance(function),
    }


def _needs_keys(function: Function) -> bool:
    """Whether it seals personal text, or opens it: for people who read it, or for an errand. Others pass tokens on."""
    own = (known.body for known in all_types() if known.name.split(".")[1] == function.name)
    looks = any(intake.views for intake in function.intakes)
    return looks or bool(function.errands) or any(map(is_personal, own))


def _instance(function: Function) -> Mapping[str, int]:
    """What one instance is made of, and how many requests it takes at once."""
    if function.intakes:
        return _ANSWERS
    if function.errands:
        return _GOES_OUT
    return _DRAWS if function.draws else _DECIDES


def firestore() -> dict[str, Any]:
    """What the store's documents need of their database, as the adapter declares it.

    `collections` by their last name, which those of all functions share: whatever field of theirs is not in
    `indexes` is not indexed at all; so are the key trees. `ttl`: fields that say when a document may go.
    """
    composed = [
        {"collection": collection, "scope": scope, "fields": [_field(*field) for field in fields]}
        for collection, scope, fields in documents.INDEXES
    ]
    single = [
        {"collection": collection, "scope": "COLLECTION", "fields": [_field(path, how)]}
        for collection, path, how in documents.SINGLE_FIELD_INDEXES
    ]
    collections = (documents.STREAMS, documents.EVENTS, documents.MARKS, documents.OUTBOX, KEYS)
    return {
        "collections": sorted(collections),
        "indexes": composed + single,
        "ttl": [{"collection": collection, "path": path} for collection, path in EXPIRING],
    }


def _field(path: str, how: str) -> dict[str, str]:
    return {"path": path, "array": how} if how == "CONTAINS" else {"path": path, "order": how}

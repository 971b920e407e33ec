"""Rebuild: every state from the events alone, from the archive's segments and the log's tail (DESIGN section 3, rule 1).

`check` folds all events again, apart from the running node, and compares a digest per function; `rebuild` puts a
newly folded store in the place of the old one. Both read the archive first, so they prove it as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import msgspec
from msgspec import Struct

from shared.adapters.filesystem import FilesystemBucket
from shared.adapters.sqlite import SqliteStore
from shared.domain import parked
from shared.domain.archive import Segments
from shared.domain.event import Recorded
from shared.domain.segments import PREFIX, from_manifest, is_manifest, verify_chain
from shared.ports.bucket import Bucket
from shared.ports.log import Log
from shared.ports.store import Store
from shared.runtime.batch import Batch, Folds
from shared.runtime.discover import functions
from shared.runtime.settings import Settings, SettingsError
from shared.runtime.shapes import Function, dead_letters
from shared.runtime.wiring import claim

PAGE = 1_000
REPORT_EVERY = 50_000
Report = Callable[[str], None]


class Kept(Store, Log, Protocol):
    """A store whose events have one order."""


class Comparison(Struct, frozen=True):
    """One function's streams, and the digest of their states as kept and as folded again."""

    function: str
    streams: int
    kept: str
    folded: str

    @property
    def equal(self) -> bool:
        """Whether the states are the same."""
        return self.kept == self.folded


def run(settings: Settings, *, check: bool, report: Report) -> bool:
    """Rebuild the data directory's states, or with `check` change nothing; whether kept and folded states are equal.

    `check` may run beside a node: it looks at one snapshot of its store.

    Raises:
        SettingsError: there is no store, or (without `check`) a node has it open.
    """
    path = settings.data / "house.sqlite"
    if not path.exists():
        raise SettingsError(f"HOUSE_DATA: there is no store in {settings.data}")
    if check:
        with _folded(settings, report) as (_, equal):
            return equal
    lock = claim(settings)
    with _folded(settings, report) as (fresh, _):
        fresh.adopt(path)
        fresh.close()
        os.replace(fresh.path, path)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        report(f"{path} is rebuilt")
    lock.close()
    return True


@contextmanager
def _folded(settings: Settings, report: Report) -> Iterator[tuple[SqliteStore, bool]]:
    """A scratch store folded from everything there is, and whether its states are those of the kept one."""
    declared = functions()
    kept = SqliteStore(settings.data / "house.sqlite", read_only=True)
    with TemporaryDirectory(dir=settings.data, prefix=".rebuild-") as scratch:
        fresh = SqliteStore(Path(scratch) / "house.sqlite", synchronous="OFF")
        with kept.snapshot():
            bucket = FilesystemBucket(settings.data / "bucket")
            refold(everything(kept, bucket, report), declared, fresh, report)
            compared = [compare(function.name, kept, fresh) for function in declared]
        kept.close()
        for item in compared:
            verdict = (
                "equal" if item.equal else f"DIFFERENT: kept {item.kept[:16]}, folded {item.folded[:16]}"
            )
            report(f"{item.function}: {item.streams} streams, {item.folded[:16]}, {verdict}")
        yield fresh, all(item.equal for item in compared)
        fresh.close()


def everything(kept: Kept, bucket: Bucket, report: Report) -> Iterator[Recorded]:
    """All events in the order of the log: first the sealed segments, then the log's tail."""
    view = kept.state("archiver", "segment/log")
    sealed = Segments() if view is None else msgspec.json.decode(view.state, type=Segments)
    names = (name for name in bucket.names(PREFIX) if is_manifest(name))
    manifests = (from_manifest(bucket.get(name) or b"") for name in islice(names, sealed.sealed))
    position = 0
    for event in verify_chain(manifests, bucket.get, sealed.chain):
        position = event.position
        yield event
    report(f"{sealed.sealed} segments hold the events up to {position}; their chain holds")
    while page := kept.since(position, PAGE):
        yield from page
        position = page[-1].position


def refold(events: Iterable[Recorded], declared: list[Function], into: SqliteStore, report: Report) -> None:
    """Fold events into a fresh store, at their old positions."""
    folds = {f.name: Folds({**f.folds, "parked": dead_letters()}) for f in declared}
    for f in declared:
        parked.types_for(f.name, personal=f.reads_words)
    count = 0
    for function, run_of in groupby(_paged(events), key=lambda item: (item[0], item[1].function)):
        batch = Batch(function[1], folds[function[1]], into, lambda: 0, lambda body: body)
        chunk = [event for _, event in run_of]
        batch.load([(event.stream, event.causation) for event in chunk])
        for event in chunk:
            batch.replay(event)
        batch.append()
        if (count + len(chunk)) // REPORT_EVERY > count // REPORT_EVERY:
            report(f"{count + len(chunk)} events folded")
        count += len(chunk)
    report(f"{count} events folded")


def _paged(events: Iterable[Recorded]) -> Iterator[tuple[int, Recorded]]:
    return ((n // PAGE, event) for n, event in enumerate(events))


def compare(function: str, kept: Store, folded: Store) -> Comparison:
    """The digests of one function's states in two stores."""
    streams, digest = digest_of(function, kept)
    return Comparison(function, streams, digest, digest_of(function, folded)[1])


def digest_of(function: str, store: Store) -> tuple[int, str]:
    """How many streams `function` has, and one digest of all their names, versions and states.

    It is the sum of the streams' SHA-256 digests modulo 2^256, so that it does not depend on their order.
    """
    total, count, before = 0, 0, None
    while page := store.states(function, None, before, PAGE):
        for view in page:
            stream = b"\0".join((view.stream.encode(), str(view.version).encode(), view.state))
            total = (total + int.from_bytes(sha256(stream).digest())) % 2**256
        count, before = count + len(page), page[-1].cursor
    return count, f"{total:064x}"

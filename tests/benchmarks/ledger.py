"""The public ledger: a checkpoint of 1,000 new entries where 100,000 are, and how fast a clone of them is proven."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha1, sha256
from pathlib import Path
from statistics import median
from typing import cast

import msgspec

from functions.archiver.main import FUNCTION as ARCHIVER
from shared.adapters.clock import SystemClock
from shared.adapters.filesystem import FilesystemBucket
from shared.adapters.ledger_copy import LedgerCopy
from shared.adapters.sqlite import SqliteStore
from shared.domain.archive import Ledger
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.domain.ledger import read
from shared.domain.optins import PARTICIPATION, EntryConfirmed, StandingOpened, pair_stream
from shared.ports.web import Web
from shared.runtime import errands
from shared.runtime.discover import functions
from shared.runtime.shell import Ports, Shell
from tests.benchmarks.figures import Figure, Scale, against, below, interleaved
from tests.benchmarks.places import fresh
from tests.given import HOUSE, NOW_US, SEALS
from tests.outside import gateways

ENTRIES, NEW, TOGETHER = 100_000, 1_000, 10_000
CHECKPOINT_S_MAX, VERIFY_PER_S_MIN = 2.0, 20_000
ADA = "dev_" + "a" * 20


class Publishing:
    """A store, a bucket and the archiver, on one disk."""

    def __init__(self, folder: Path) -> None:
        store, bucket = SqliteStore(folder / "house.sqlite"), FilesystemBucket(folder / "bucket")
        self._store, self._bucket = store, bucket
        ports = Ports(store, store, bucket, SystemClock(), HOUSE, SEALS)
        self._shells = {function.name: Shell(function, ports) for function in functions()}
        # The archiver has no business outside.
        self._gateways = replace(gateways(cast(Web, None), store, bucket, store), ledger=bucket)
        self._slot_us = NOW_US
        self.entries = 0
        self._record("optin", (pair_stream((ADA,)), StandingOpened((ADA,), PARTICIPATION, NOW_US)))

    def close(self) -> None:
        self._store.close()

    def gain(self, count: int) -> None:
        """More entries, confirmed and sealed."""
        while count:
            some = min(count, TOGETHER)
            made = [_entry(self.entries + n) for n in range(some)]
            self._record("eventlog", *((f"entry/{entry.hash}", entry) for entry in made))
            stream = pair_stream((ADA,))
            self._record("optin", *((stream, EntryConfirmed(entry.hash, entry.parties)) for entry in made))
            self.entries, count = self.entries + some, count - some
        self.errand()

    def _record(self, function: str, *happened: tuple[str, Event]) -> None:
        shell = self._shells[function]
        given = uuid5("given", function, str(self.entries))
        with self._store.group():
            batch = shell.batch()
            batch.load([(stream, "") for stream, _ in dict.fromkeys(happened)])
            batch.add(given, given, NOW_US, list(happened))
            batch.append()

    def errand(self) -> float:
        """A minute of the archiver's schedule, to the last byte on the disk; its seconds."""
        self._slot_us += MINUTE_US
        shell = self._shells[ARCHIVER.name]
        started_s = time.perf_counter()
        for slot in errands.scheduled(shell, self._slot_us):
            outcome = asyncio.run(errands.act(shell, slot, self._gateways))
            assert outcome.error is None, outcome.error
            with self._store.group():
                errands.conclude(shell, [outcome])
        return time.perf_counter() - started_s

    @property
    def ledger(self) -> Ledger:
        view = self._store.state(ARCHIVER.name, "checkpoint/log")
        return Ledger() if view is None else msgspec.json.decode(view.state, type=Ledger)

    def clone(self, folder: Path) -> Path:
        """The packs as a repository of their own."""
        subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
        for kept in self.ledger.packs:
            for suffix in ("pack", "idx"):
                name = f"objects/pack/pack-{kept.name}.{suffix}"
                (folder / name).write_bytes(self._bucket.get(f"ledger/{name}") or b"")
        (folder / "refs" / "heads" / "main").write_text(f"{self.ledger.commit}\n")
        return folder


def _entry(number: int) -> EntryRecorded:
    at_us = NOW_US + number * SECOND_US
    unnamed = EntryRecorded(
        hash="",
        kind="commit",
        received_at_us=at_us + 123_456,
        delivery=sha256(b"%d" % (number // 3)).hexdigest(),
        actor=ADA,
        owner=ADA,
        anchor=sha1(b"%d" % number).hexdigest(),
        committed_at_us=at_us,
        ordinal=number % 3,
    )
    return msgspec.structs.replace(unnamed, hash=entry_hash(unnamed))


def ledger(scale: Scale) -> Sequence[Figure]:
    """Ours, and git's own check of the same clone, which proves less of it: nothing of its facts and its history."""
    number, new = scale.of(ENTRIES), scale.of(NEW)
    with fresh() as folder:
        at = Publishing(folder)
        at.gain(number)
        while at.ledger.size < number:
            at.errand()
        took_s = [_grow(at, new) for _ in range(scale.runs)]
        clone = at.clone(folder / "ledger.git")
        _verify(clone)  # Libraries are imported where they are used, once.
        ours, theirs = interleaved(scale.runs, partial(_verify, clone), partial(_fsck, clone, at.ledger.size))
        at.close()
    rate = median(ours)
    return (
        below(f"ledger: a checkpoint of {new:,} at {number:,}", "s", took_s, CHECKPOINT_S_MAX),
        Figure(
            "ledger: a clone proven",
            round(rate, 1),
            "entries/s",
            goal=f">= {VERIFY_PER_S_MIN:,} entries/s",
            met=rate >= VERIFY_PER_S_MIN,
        ),
        against("ledger: a clone proven", "entries/s", ours, "git fsck --strict of the same clone", theirs),
    )


def _grow(at: Publishing, new: int) -> float:
    at.gain(new)
    took_s = at.errand()
    assert at.ledger.size == at.entries
    return took_s


def _verify(clone: Path) -> float:
    started_s = time.perf_counter()
    copy = LedgerCopy(clone)
    history = read(copy.main, copy.fetch)
    return len(history.names) / (time.perf_counter() - started_s)


def _fsck(clone: Path, size: int) -> float:
    started_s = time.perf_counter()
    subprocess.run(["git", "fsck", "--strict", "--no-progress"], cwd=clone, check=True, capture_output=True)
    return size / (time.perf_counter() - started_s)

"""A function catching up with another's events, its state and position in one transaction for each batch."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from shared.runtime.shapes import Function
from shared.runtime.shell import Shell
from shared.runtime.worker import EVENTS_PER_ROUND, ROUNDS_PER_GROUP, Worker
from tests.benchmarks.counters import DIRECT, DURABILITY, FOLLOWING, LISTENING, count, ports
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.peers import LIBRARY, Listening, Noting, Tallies, application
from tests.benchmarks.places import fresh

EVENTS, LIBRARY_EVENTS, PER_STREAM = 100_000, 10_000, 100


def followers(scale: Scale) -> Sequence[Figure]:
    """Both kinds: an event of its own for each input, and inputs that are only noted as handled."""
    number, library_number = scale.of(EVENTS), scale.of(LIBRARY_EVENTS)
    with fresh() as folder:
        _seed(folder, number)
        emitted, emitted_peer, silent, silent_peer = interleaved(
            scale.runs,
            partial(_follow, folder, FOLLOWING, number),
            partial(_library, Noting, library_number),
            partial(_follow, folder, LISTENING, number),
            partial(_library, Listening, library_number),
        )
    process = f"{LIBRARY}: ProcessApplication.pull_and_process"
    return (
        against(
            "follower, one event of its own per input",
            "events/s",
            emitted,
            f"{process}, a new aggregate per input, and tracking",
            emitted_peer,
            20,
            f"{number:,} inputs through Worker, at most {EVENTS_PER_ROUND * ROUNDS_PER_GROUP:,} to a transaction, "
            f"state loaded and evolved; the library through {library_number:,}; {DURABILITY}",
        ),
        against(
            "follower, inputs it has nothing to say to",
            "events/s",
            silent,
            f"{process}, tracking only",
            silent_peer,
            20,
            "state loaded, decided, each input marked as handled",
        ),
    )


def _seed(folder: Path, number: int) -> None:
    with ports(folder) as wired:
        count(Shell(DIRECT, wired), number, PER_STREAM)


def _follow(seeded: Path, function: Function, number: int) -> float:
    with fresh() as folder:
        shutil.copy(seeded / "house.sqlite", folder)
        with ports(folder) as wired:
            follower = Shell(function, wired)
            worker = Worker([follower], wired)
            started_s = time.perf_counter()
            worker.start()
            while follower.counts["handled"] < number:
                time.sleep(0.01)
            worker.stop(10)  # which commits what it has in hand
            return number / (time.perf_counter() - started_s)


def _library(kind: type[Any], number: int) -> float:
    with (
        fresh() as folder,
        application(Tallies, folder / "leader.sqlite") as leader,
        application(kind, folder / "follower.sqlite") as follower,
    ):
        for _ in range(number // PER_STREAM):
            leader.count_often(leader.begin(), PER_STREAM - 1)
        follower.follow("leader", leader.notification_log)
        started_s = time.perf_counter()
        follower.pull_and_process("leader", start=0)
        return number / (time.perf_counter() - started_s)

"""Handling a command: load the state, decide, append, durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from shared.domain.event import type_of
from shared.runtime.edge import Submission
from shared.runtime.shell import Shell
from shared.runtime.worker import EVENTS_PER_ROUND, Worker
from tests.benchmarks.counters import (
    COUNTING,
    DIRECT,
    DURABILITY,
    FRONT,
    STREAMS,
    Ordered,
    counting,
    order,
    ports,
)
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.peers import LIBRARY, Tallies, application
from tests.benchmarks.places import fresh

CALLERS = 512


def commands(scale: Scale) -> Sequence[Figure]:
    """The node's whole way, the shell alone in groups and one by one, and the library's cycle."""
    submitted, direct, grouped, single, library = interleaved(
        scale.runs,
        partial(_submitted, scale.of(30_000)),
        partial(_direct, scale.of(30_000)),
        partial(_handled, scale.of(50_000), EVENTS_PER_ROUND),
        partial(_handled, scale.of(3_000), 1),
        partial(_library, scale.of(3_000)),
    )
    peer = f"{LIBRARY}: repository.get, trigger, save"
    return (
        against(
            "command submitted, recorded and decided",
            "commands/s",
            submitted,
            peer,
            library,
            10,
            f"{CALLERS} callers of Worker.submit; two durable events a command; {DURABILITY}",
        ),
        against(
            "command submitted to its own stream",
            "commands/s",
            direct,
            peer,
            library,
            10,
            f"{CALLERS} callers of Worker.submit; state loaded and evolved, one event, answered when durable",
        ),
        against(
            "command handled by the shell, in groups",
            "commands/s",
            grouped,
            peer,
            library,
            10,
            f"commands of the bus, {EVENTS_PER_ROUND} to a transaction; {STREAMS} streams",
        ),
        against("command handled by the shell, one by one", "commands/s", single, peer, library),
    )


def _submitted(number: int) -> float:
    with fresh() as folder, ports(folder) as wired:
        front, counter = Shell(FRONT, wired), Shell(COUNTING, wired)
        worker = Worker([front, counter], wired)
        worker.start()
        orders = [order(n) for n in range(number)]
        started_s = time.perf_counter()
        asyncio.run(_submit(worker, front, orders))
        while counter.counts["handled"] < number:
            time.sleep(0.01)
        worker.stop(10)  # which commits what it has in hand
        return number / (time.perf_counter() - started_s)


def _direct(number: int) -> float:
    with fresh() as folder, ports(folder) as wired:
        counter = Shell(DIRECT, wired)
        worker = Worker([counter], wired)
        worker.start()
        counts = [counting(n, n % STREAMS) for n in range(number)]
        started_s = time.perf_counter()
        asyncio.run(_submit(worker, counter, counts))
        elapsed_s = time.perf_counter() - started_s
        worker.stop(10)
        return number / elapsed_s


async def _submit(worker: Worker, shell: Shell, submissions: Sequence[Submission]) -> None:
    waiting = iter(submissions)

    async def caller() -> None:
        for submission in waiting:
            await worker.submit(shell, submission)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


def _handled(number: int, per_group: int) -> float:
    reads = frozenset({type_of(Ordered).name})
    with fresh() as folder, ports(folder) as wired:
        front, counter = Shell(FRONT, wired), Shell(COUNTING, wired)
        with wired.store.group():
            for start in range(0, number, 1_000):
                front.accept([order(n) for n in range(start, min(number, start + 1_000))])
        started_s = time.perf_counter()
        handled = 0
        while handled < number:
            with wired.store.group():
                arrived = wired.bus.pull("counter", reads, per_group)
                counter.handle(arrived)
            handled += len(arrived)
        return number / (time.perf_counter() - started_s)


def _library(number: int) -> float:
    with fresh() as folder, application(Tallies, Path(folder / "library.sqlite")) as app:
        tallies = [app.begin() for _ in range(min(STREAMS, number))]
        started_s = time.perf_counter()
        for n in range(number):
            app.count(tallies[n % len(tallies)], 10_000 + n % 10_000)
        return number / (time.perf_counter() - started_s)

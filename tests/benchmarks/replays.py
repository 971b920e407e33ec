"""Replaying one long stream: read, decode, evolve."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.domain.event import decode
from shared.runtime.shell import Ports, Shell
from tests.benchmarks.counters import COUNTER, DIRECT, count, ports
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.peers import LIBRARY, Tallies, application
from tests.benchmarks.places import fresh

EVENTS, PAGE = 10_000, 1_000
STREAM = "counter/c000000"


def replays(scale: Scale) -> Sequence[Figure]:
    """Ours, the library's, and the bare loop over our own file that nothing in Python can beat by much."""
    number = scale.of(EVENTS)
    with (
        fresh() as folder,
        ports(folder) as wired,
        application(Tallies, folder / "library.sqlite") as app,
    ):
        count(Shell(DIRECT, wired), number, number)
        tally = app.begin()
        app.count_often(tally, number - 1)
        # Reading is quick and noisy: more runs cost nothing.
        ours, library, raw = interleaved(
            scale.runs * 3,
            partial(_replay, wired, number),
            partial(_library, app, tally, number),
            partial(_raw, folder / "house.sqlite", number),
        )
    name = f"replay of one stream of {number:,} events"
    return (
        against(name, "events/s", ours, f"{LIBRARY}: repository.get", library, 4),
        against(name, "events/s", ours, "sqlite3 and json.loads over the same file", raw, 0.5),
    )


def _replay(wired: Ports, number: int) -> float:
    started_s = time.perf_counter()
    state, version = COUNTER.initial, 0
    while page := wired.store.read(STREAM, version, PAGE):
        for event in page:
            state = COUNTER.evolve(state, decode(event.type, event.data))
        version = page[-1].version
    elapsed_s = time.perf_counter() - started_s
    assert state.times == number
    return number / elapsed_s


def _library(app: Any, tally: UUID, number: int) -> float:
    started_s = time.perf_counter()
    found = app.repository.get(tally)
    elapsed_s = time.perf_counter() - started_s
    assert found.version == number
    return number / elapsed_s


def _raw(path: Path, number: int) -> float:
    connection = sqlite3.connect(path)
    sql = "SELECT data FROM event WHERE stream = 1 ORDER BY version"
    started_s = time.perf_counter()
    total = times = 0
    for (data,) in connection.execute(sql):
        total += json.loads(data)["amount"]
        times += 1
    elapsed_s = time.perf_counter() - started_s
    connection.close()
    assert times == number
    return number / elapsed_s

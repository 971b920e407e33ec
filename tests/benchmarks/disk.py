"""Disk per event of 197 bytes of JSON, all indexes included, after a checkpoint."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from shared.adapters import late_index
from shared.runtime.shell import Shell
from tests.benchmarks.counters import DIRECT, count, ports
from tests.benchmarks.figures import Figure, Scale, below
from tests.benchmarks.peers import LIBRARY, Tallies, application
from tests.benchmarks.places import fresh

EVENTS = 100_000


def disk(scale: Scale) -> Sequence[Figure]:
    """Streams of ten events, which is usual here, and streams of one. The size is the same in every run."""
    number = scale.of(EVENTS)
    library = _library(number, 10)
    note = f"{number:,} events, each with a journey and an input of its own; {LIBRARY}: {library:,.0f} bytes"
    return (
        below("disk per event, 10 to a stream", "bytes", [_ours(number, 10)], 400, note),
        below("disk per event, 100 to a stream", "bytes", [_ours(number, 100)], 400),
        Figure("disk per event, 1 to a stream", round(_ours(number, 1), 1), "bytes"),
    )


def _ours(number: int, per_stream: int) -> float:
    with fresh() as folder:
        with ports(folder) as wired:
            count(Shell(DIRECT, wired), number, per_stream)
            # Index entries that still wait in memory belong to the size: the next commit merges all there are.
            with patch.object(late_index, "WAITING_MAX", 1), wired.store.group():
                pass
        return _size_bytes(folder / "house.sqlite") / number


def _library(number: int, per_stream: int) -> float:
    with fresh() as folder:
        path = folder / "library.sqlite"
        with application(Tallies, path) as app:
            for _ in range(number // per_stream):
                app.count_often(app.begin(), per_stream - 1)
        return _size_bytes(path) / number


def _size_bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages, page_size_bytes = (
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size")
    )
    connection.close()
    return int(pages) * int(page_size_bytes)

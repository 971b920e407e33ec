"""The peer: the `eventsourcing` library on its SQLite module, used as its documentation shows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from eventsourcing.application import Application, ProcessingEvent
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteApplicationRecorder
from eventsourcing.system import ProcessApplication

from tests.benchmarks.counters import NOTE

LIBRARY = "eventsourcing"


class Tally(Aggregate):
    """One aggregate class with one kind of change, as in the library's tutorial."""

    def __init__(self) -> None:
        self.total = 0

    @event("Counted")
    def count(self, amount: int, total: int, note: str) -> None:
        """Count."""
        self.total += amount


class Tallies(Application[UUID]):
    """The application that holds them."""

    def begin(self) -> UUID:
        """A new tally's id."""
        tally = Tally()
        self.save(tally)
        return tally.id

    def count(self, tally_id: UUID, amount: int) -> None:
        """Load, change, save."""
        tally = cast(Tally, self.repository.get(tally_id))
        tally.count(amount, 10_000 + (tally.total + amount) % 10_000, NOTE)
        self.save(tally)

    def count_often(self, tally_id: UUID, times: int) -> None:
        """Many changes in one save."""
        tally = cast(Tally, self.repository.get(tally_id))
        for n in range(times):
            tally.count(10_000 + n % 10_000, 10_000 + n % 10_000, NOTE)
        self.save(tally)


class Seen(Aggregate):
    """What the follower makes of each input: one aggregate with one event."""

    def __init__(self, amount: int, times: int, note: str) -> None:
        self.amount = amount


class Noting(ProcessApplication[UUID]):
    """The library's follower: its events and its tracking record in one transaction for each input."""

    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """One new event for each that is followed."""
        if isinstance(domain_event, Aggregate.Event) and not isinstance(domain_event, Aggregate.Created):
            processing_event.collect_events(
                Seen(domain_event.__dict__["amount"], 1, domain_event.__dict__["note"])
            )


class Listening(ProcessApplication[UUID]):
    """The library's follower that makes nothing of what it reads: tracking only."""

    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Nothing."""


@contextmanager
def application(kind: type[Any], path: Path) -> Iterator[Any]:
    """The library's application on a SQLite file, at synchronous=FULL.

    Raises:
        RuntimeError: this build of SQLite gives the library another durability than FULL.
    """
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = kind(env)
    recorder = app.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)
    with recorder.datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous")
        synchronous = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]
    if (synchronous, journal) != (2, "wal"):
        raise RuntimeError(f"the library runs at synchronous={synchronous}, {journal}: not comparable")
    try:
        yield app
    finally:
        app.close()

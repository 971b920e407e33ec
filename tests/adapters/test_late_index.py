"""What waits in memory and what is merged into the file are one index."""

from pathlib import Path

import pytest

from shared.adapters import late_index
from shared.adapters.sqlite import SqliteStore
from shared.domain.ids import uuid5
from tests.contracts.stores import recorded, write


def cause(n: int) -> str:
    return uuid5("cause", str(n))


def put(store: SqliteStore, numbers: range) -> None:
    for n in numbers:
        store.append(
            "toy", [write(f"thing/{n}", recorded(f"thing/{n}", 1, cause=str(n), journey=str(n % 3)))]
        )


def everything_is_found(store: SqliteStore, number: int) -> bool:
    handled = store.load("toy", [("elsewhere/1", cause(n)) for n in range(number + 1)])
    caused = [store.caused(f"thing/{n}", cause(n)) for n in range(number)]
    journeys = [store.journey(uuid5("correlation", str(j))) for j in range(3)]
    return (
        [one.handled for one in handled] == [True] * number + [False]
        and all(len(events) == 1 for events in caused)
        and [[e.stream for e in events] for events in journeys]
        == [[f"thing/{n}" for n in range(j, number, 3)] for j in range(3)]
    )


@pytest.fixture
def merging_at_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_index, "WAITING_MAX", 5)


@pytest.mark.usefixtures("merging_at_5")
@pytest.mark.parametrize("number", [4, 5, 6, 13])
def test_events_are_found_before_and_after_they_are_merged(tmp_path: Path, number: int) -> None:
    store = SqliteStore(tmp_path / "house.sqlite")
    put(store, range(number))
    assert everything_is_found(store, number)
    reader = SqliteStore(tmp_path / "house.sqlite", read_only=True)
    assert everything_is_found(reader, number), "for another process too"
    store.close()
    assert everything_is_found(SqliteStore(tmp_path / "house.sqlite"), number), "and after a restart"
    reader.close()


@pytest.mark.usefixtures("merging_at_5")
def test_a_reader_that_stays_open_finds_what_is_merged_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "house.sqlite")
    reader = SqliteStore(tmp_path / "house.sqlite", read_only=True)
    for since, upto in ((0, 3), (3, 7), (7, 12)):
        put(store, range(since, upto))
        assert everything_is_found(reader, upto)


@pytest.mark.usefixtures("merging_at_5")
def test_what_a_failed_group_would_have_merged_is_not_found(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "house.sqlite")
    put(store, range(2))

    def failing() -> None:
        with store.group():
            put(store, range(2, 6))
            raise RuntimeError("no power")

    with pytest.raises(RuntimeError, match="no power"):
        failing()
    assert everything_is_found(store, 2)
    put(store, range(2, 6))
    assert everything_is_found(store, 6)

"""What every store promises of groups, and those whose group is one transaction."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from shared.domain.ids import uuid5
from shared.ports.store import Conflict, Loaded
from tests.contracts.stores import (
    ADAPTERS,
    CAUSE,
    Adapter,
    put,
    recorded,
    sqlite,
    stands,
    write,
)

T = TypeVar("T")


def elsewhere(read: Callable[[], T]) -> T:
    """What `read` gives in another thread, outside any group."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(read()))
    thread.start()
    thread.join(10)
    return found[0]


def test_a_group_shows_its_own_appends_inside(adapter: Adapter) -> None:
    with adapter.store.group():
        put(adapter, write("thing/1", recorded("thing/1", 1, cause="c")))
        assert stands(adapter, "thing/1").version == 1
        assert stands(adapter, "thing/1").handled
        put(adapter, write("thing/1", expected=1))
    assert stands(adapter, "thing/1").version == 2


@pytest.fixture(params=[name for name, make in ADAPTERS.items() if make is sqlite])
def grouped(request: pytest.FixtureRequest, tmp_path: Path) -> Adapter:
    """The adapters whose group is one transaction."""
    found = ADAPTERS[request.param](tmp_path)
    assert found.grouped
    return found


def test_others_see_a_group_only_when_it_is_durable(grouped: Adapter) -> None:
    put(grouped, write("thing/1", add=["a"], due_at_us=1))
    with grouped.store.group():
        put(grouped, write("thing/1", expected=1, add=["b"], due_at_us=2, attachment=b"raw"))
        put(grouped, write("thing/2", add=["a"]))
        assert elsewhere(lambda: stands(grouped, "thing/1")).version == 1
        assert len(elsewhere(lambda: grouped.store.read("thing/1"))) == 1
        assert [v.stream for v in elsewhere(lambda: grouped.store.states("toy", "a"))] == ["thing/1"]
        assert [d.due_at_us for d in elsewhere(lambda: grouped.store.due("toy", 9))] == [1]
        assert elsewhere(lambda: grouped.store.attachment("thing/1")) is None
        assert len(elsewhere(lambda: grouped.store.journey(uuid5("correlation", "j")))) == 1
    assert elsewhere(lambda: stands(grouped, "thing/1")).version == 2


def test_a_group_that_fails_leaves_nothing(grouped: Adapter) -> None:
    def failing() -> None:
        with grouped.store.group():
            put(grouped, write("thing/1", recorded("thing/1", 1, function="f", kind="new")), function="f")
            grouped.store.append("toy", [], [("thing/2", CAUSE)])
            raise RuntimeError("no power")

    with pytest.raises(RuntimeError, match="no power"):
        failing()
    assert stands(grouped, "thing/1", function="f") == Loaded(0, None, "", False)
    assert not stands(grouped, "thing/2").handled
    put(grouped, write("thing/1"))
    assert [(e.type, e.position) for e in grouped.store.read("thing/1")] == [("house.toy.noted.v1", 1)]


def test_a_conflict_inside_a_group_undoes_only_its_own_append(grouped: Adapter) -> None:
    with grouped.store.group():
        put(grouped, write("thing/1"))
        with pytest.raises(Conflict):
            grouped.store.append("toy", [write("thing/2"), write("thing/1")])
        put(grouped, write("thing/3"))
    assert [stands(grouped, f"thing/{n}").version for n in (1, 2, 3)] == [1, 0, 1]
    assert [e.position for n in (1, 3) for e in grouped.store.read(f"thing/{n}")] == [1, 2]


def test_everything_is_there_when_it_is_opened_again(grouped: Adapter) -> None:
    put(grouped, write("thing/1", recorded("thing/1", 1, cause="c"), add=["a"], due_at_us=3, attachment=b"r"))
    grouped.store.append("toy", [], [("thing/1", uuid5("cause", "silent"))])
    assert grouped.again is not None
    again = grouped.again()
    assert stands(again, "thing/1").handled
    assert stands(again, "thing/1", uuid5("cause", "silent")).handled
    assert [v.stream for v in again.store.states("toy", "a")] == ["thing/1"]
    assert [d.stream for d in again.store.due("toy", 3)] == ["thing/1"]
    assert again.store.attachment("thing/1") == b"r"
    put(again, write("thing/1", expected=1), write("thing/2"))
    assert again.log is not None
    assert [e.position for e in again.log.since(0, 10)] == [1, 2, 3]

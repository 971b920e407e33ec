"""What every store promises (shared.ports.store). A new adapter is one more line in ADAPTERS."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from shared.domain.ids import uuid5
from shared.ports.store import STATE_SIZE_BYTES_MAX, Conflict, Loaded, NotOwner, TooLarge, Write
from tests.contracts.stores import ADAPTERS, START_US, Adapter, placeless, put, recorded, sqlite, write

T = TypeVar("T")
CAUSE = uuid5("cause", "c")


def elsewhere(read: Callable[[], T]) -> T:
    """What `read` gives in another thread, outside any group."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(read()))
    thread.start()
    thread.join(10)
    return found[0]


def stands(adapter: Adapter, stream: str, cause: str = CAUSE, function: str = "toy") -> Loaded:
    return adapter.store.load(function, [(stream, cause)])[0]


# -- appends are conditional and atomic


def test_a_stream_that_does_not_exist_loads_as_version_0(adapter: Adapter) -> None:
    assert stands(adapter, "thing/1") == Loaded(0, None, "", False)


def test_an_appended_event_is_read_as_it_was_written(adapter: Adapter) -> None:
    events = put(adapter, write("thing/1", recorded("thing/1", 1, data='{"name":"Zoë"}'.encode())))
    assert placeless(adapter.store.read("thing/1")) == events
    assert stands(adapter, "thing/1") == Loaded(1, b'{"state":1}', uuid5("correlation", "j"), False)


def test_positions_rise_in_the_order_of_the_appends(adapter: Adapter) -> None:
    put(adapter, write("thing/1"), write("thing/2"))
    put(adapter, write("thing/1", expected=1))
    read = [*adapter.store.read("thing/1"), *adapter.store.read("thing/2")]
    positions = [e.position for e in sorted(read, key=lambda e: (e.version, e.stream))]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_at_another_version_is_a_conflict(adapter: Adapter, expected: int) -> None:
    put(adapter, write("thing/1"), write("thing/2"))
    put(adapter, write("thing/1", expected=1))
    with pytest.raises(Conflict):
        adapter.store.append("toy", [write("thing/1", expected=expected)])
    assert stands(adapter, "thing/1").version == 2


def test_an_append_after_a_version_that_never_was_is_a_conflict(adapter: Adapter) -> None:
    with pytest.raises(Conflict):
        adapter.store.append("toy", [write("thing/1", expected=1)])
    assert stands(adapter, "thing/1").version == 0


@pytest.mark.parametrize("stale_first", [True, False])
def test_a_conflict_in_one_stream_leaves_nothing_in_any(adapter: Adapter, stale_first: bool) -> None:
    put(adapter, write("thing/1"))
    fine = write("other/1", due_at_us=5, add=["a"], attachment=b"raw")
    writes = [write("thing/1"), fine] if stale_first else [fine, write("thing/1")]
    with pytest.raises(Conflict):
        adapter.store.append("toy", writes, [("thing/1", CAUSE)])
    assert stands(adapter, "other/1") == Loaded(0, None, "", False)
    assert adapter.store.read("other/1") == []
    assert adapter.store.states("toy", "a") == []
    assert adapter.store.due("toy", 10) == []
    assert adapter.store.attachment("other/1") is None
    assert len(adapter.store.journey(uuid5("correlation", "j"))) == 1


def test_what_comes_after_a_conflict_is_kept_whole(adapter: Adapter) -> None:
    """The names a failed append was the first to use must not linger."""
    put(adapter, write("thing/1"))
    new_kind = recorded("late/2", 1, function="late", kind="seen")
    with adapter.store.group():
        with pytest.raises(Conflict):
            adapter.store.append("late", [write("late/2", new_kind), write("late/9", expected=4)])
        other = recorded("later/3", 1, function="later", kind="heard")
        adapter.store.append("later", [write("later/3", other)])
        adapter.store.append("late", [write("late/2", new_kind)])
    reopened = adapter.again() if adapter.again else adapter
    assert [e.type for e in reopened.store.read("late/2")] == ["house.late.seen.v1"]
    assert [e.type for e in reopened.store.read("later/3")] == ["house.later.heard.v1"]
    assert [v.stream for v in reopened.store.states("late")] == ["late/2"]
    assert [v.stream for v in reopened.store.states("later")] == ["later/3"]


def test_another_functions_stream_takes_no_append(adapter: Adapter) -> None:
    put(adapter, write("thing/1"))
    for expected in (0, 1):
        foreign = recorded("thing/1", expected + 1, function="thief")
        with pytest.raises(NotOwner):
            adapter.store.append("thief", [write("new/1"), write("thing/1", foreign, expected=expected)])
    assert stands(adapter, "new/1").version == 0
    assert stands(adapter, "thing/1").version == 1


@pytest.mark.parametrize("part", ["state", "event"])
def test_what_some_adapter_could_not_keep_is_refused_by_all(adapter: Adapter, part: str) -> None:
    large = b'"' + b"x" * (STATE_SIZE_BYTES_MAX - 1) + b'"'
    event = recorded("thing/1", 1, data=large if part == "event" else b"{}")
    with pytest.raises(TooLarge):
        adapter.store.append(
            "toy", [write("new/1"), write("thing/1", event, state=large if part == "state" else b"{}")]
        )
    assert stands(adapter, "new/1").version == 0


def test_the_largest_state_is_kept(adapter: Adapter) -> None:
    large = b'"' + b"x" * (STATE_SIZE_BYTES_MAX - 2) + b'"'
    put(adapter, write("thing/1", state=large))
    assert stands(adapter, "thing/1").state == large


def test_a_stream_whose_whole_life_is_one_event_has_that_events_body_as_its_state(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1, data=b'{"whole":1}'), state=None, add=["a"]))
    assert stands(adapter, "thing/1").state == b'{"whole":1}'
    view = adapter.store.state("toy", "thing/1")
    assert view is not None
    assert view.state == b'{"whole":1}'
    assert [v.state for v in adapter.store.states("toy", "a")] == [b'{"whole":1}']


def test_a_write_without_events_only_changes_when_it_is_due(adapter: Adapter) -> None:
    put(adapter, write("thing/1", due_at_us=5))
    adapter.store.append("toy", [Write("thing/1", 1, (), b'{"state":1}', None)])
    assert adapter.store.due("toy", 10) == []
    assert stands(adapter, "thing/1").version == 1


# -- what has been handled


def test_an_input_that_caused_an_event_is_handled(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1, cause="c")))
    assert stands(adapter, "thing/1").handled


def test_handling_is_known_whatever_stream_is_asked_for(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1, cause="c")))
    assert stands(adapter, "elsewhere/1") == Loaded(0, None, "", True)


def test_a_silent_input_is_handled(adapter: Adapter) -> None:
    adapter.store.append("toy", [], [("thing/1", CAUSE), ("thing/1", CAUSE)])
    adapter.store.append("toy", [], [("thing/1", CAUSE)])
    assert stands(adapter, "thing/1") == Loaded(0, None, "", True)


def test_a_lazy_look_finds_what_was_handled_where_a_stream_exists(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1, cause="c")))
    silent = uuid5("cause", "silent")
    adapter.store.append("toy", [], [("thing/2", silent)])
    wants = [("thing/2", silent), ("thing/1", silent), ("thing/1", CAUSE), ("thing/3", uuid5("cause", "new"))]
    loaded = adapter.store.load("toy", wants, lazy=True)
    assert [(one.version, one.handled) for one in loaded] == [(0, True), (1, True), (1, True), (0, False)]


def test_what_one_function_handled_another_did_not(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1, cause="c")))
    adapter.store.append("toy", [], [("thing/1", uuid5("cause", "silent"))])
    assert not stands(adapter, "thing/1", function="other").handled
    assert not stands(adapter, "thing/1", uuid5("cause", "silent"), "other").handled


def test_a_function_whose_name_begins_with_anothers_is_another(adapter: Adapter) -> None:
    put(adapter, write("toys/1", recorded("toys/1", 1, function="toys", cause="c")), function="toys")
    assert not stands(adapter, "thing/2").handled


def test_many_streams_load_in_the_order_they_were_asked_for(adapter: Adapter) -> None:
    put(adapter, *(write(f"thing/{n}", recorded(f"thing/{n}", 1, cause=str(n))) for n in range(0, 200, 2)))
    wants = [(f"thing/{n}", uuid5("cause", str(n))) for n in range(199, -1, -1)]
    loaded = adapter.store.load("toy", [*wants, wants[0], wants[1]])
    expected = [n % 2 == 0 for n in range(199, -1, -1)]
    assert [one.handled for one in loaded] == [*expected, expected[0], expected[1]]
    assert [one.version for one in loaded] == [int(one.handled) for one in loaded]


def test_what_an_input_caused_is_found_by_stream(adapter: Adapter) -> None:
    mine = [recorded("thing/1", 1, cause="c"), recorded("thing/1", 2, cause="c")]
    put(adapter, write("thing/1", *mine), write("thing/2", recorded("thing/2", 1, cause="c")))
    put(adapter, write("thing/1", recorded("thing/1", 3), expected=2))
    assert placeless(adapter.store.caused("thing/1", CAUSE)) == mine
    assert adapter.store.caused("thing/1", uuid5("cause", "never")) == []
    assert adapter.store.caused("thing/9", CAUSE) == []


# -- reading


def test_a_stream_is_read_on_from_any_version(adapter: Adapter) -> None:
    put(adapter, write("thing/1", *(recorded("thing/1", n) for n in range(1, 8))))
    assert [e.version for e in adapter.store.read("thing/1", after=3)] == [4, 5, 6, 7]
    assert [e.version for e in adapter.store.read("thing/1", after=3, limit=2)] == [4, 5]
    assert adapter.store.read("thing/1", after=7) == []


def test_a_journey_is_all_functions_events_in_order_of_recording(adapter: Adapter) -> None:
    put(adapter, write("thing/1", recorded("thing/1", 1)))
    put(adapter, write("thing/2", recorded("thing/2", 1, journey="other")))
    put(adapter, write("next/1", recorded("next/1", 1, function="next")), function="next")
    put(adapter, write("thing/1", recorded("thing/1", 2), expected=1))
    journey = adapter.store.journey(uuid5("correlation", "j"))
    assert [(e.stream, e.version) for e in journey] == [("thing/1", 1), ("next/1", 1), ("thing/1", 2)]
    assert adapter.store.journey(uuid5("correlation", "j"), limit=2) == journey[:2]


def test_a_state_is_found_by_its_owner_only(adapter: Adapter) -> None:
    put(adapter, write("thing/1"))
    put(adapter, write("thing/1", recorded("thing/1", 2, journey="later"), expected=1, state=b"2"))
    view = adapter.store.state("toy", "thing/1")
    assert view is not None
    assert (view.stream, view.version, view.state) == ("thing/1", 2, b"2")
    assert view.correlation == uuid5("correlation", "j"), "that of its first event"
    assert view.recorded_us == START_US + 5
    assert adapter.store.state("other", "thing/1") is None
    assert adapter.store.state("toy", "thing/2") is None


def test_states_are_paged_newest_stream_first(adapter: Adapter) -> None:
    for n in range(7):
        put(adapter, write(f"thing/{n}", add=["even"] if n % 2 == 0 else []))
    put(adapter, write("f/1", recorded("f/1", 1, function="f"), add=["even"]), function="f")
    put(adapter, write("thing/0", expected=1), write("thing/1", expected=1))
    for tag, expected in ((None, [6, 5, 4, 3, 2, 1, 0]), ("even", [6, 4, 2, 0])):
        found: list[str] = []
        before: int | None = None
        while page := adapter.store.states("toy", tag, before, 3):
            found += [view.stream for view in page]
            before = page[-1].cursor
        assert found == [f"thing/{n}" for n in expected]
    assert adapter.store.states("toy", "odd") == []
    assert adapter.store.states("nobody") == []


def test_tags_come_and_go(adapter: Adapter) -> None:
    put(adapter, write("thing/1", add=["a", "b"]))
    put(adapter, write("thing/1", expected=1, add=["c"], remove=["a"]))
    put(adapter, write("thing/1", expected=2, add=["c"], remove=["never"]))
    tagged = {tag: [v.stream for v in adapter.store.states("toy", tag)] for tag in ("a", "b", "c", "never")}
    assert tagged == {"a": [], "b": ["thing/1"], "c": ["thing/1"], "never": []}


def test_due_streams_come_earliest_first_until_they_are_moved(adapter: Adapter) -> None:
    put(adapter, write("thing/1", due_at_us=30), write("thing/2", due_at_us=10), write("thing/3"))
    put(adapter, write("thing/4", due_at_us=20), write("thing/5", due_at_us=31))
    put(adapter, write("f/1", recorded("f/1", 1, function="f"), due_at_us=1), function="f")
    assert [due.stream for due in adapter.store.due("toy", 30)] == ["thing/2", "thing/4", "thing/1"]
    assert [due.stream for due in adapter.store.due("toy", 30, limit=1)] == ["thing/2"]
    put(adapter, write("thing/2", expected=1, due_at_us=None), write("thing/4", expected=1, due_at_us=40))
    due = adapter.store.due("toy", 30)
    assert [(d.stream, d.due_at_us, d.version) for d in due] == [("thing/1", 30, 1)]
    assert due[0].correlation == uuid5("correlation", "j")


def test_an_attachment_is_kept_until_it_expires(adapter: Adapter) -> None:
    for n in range(3):
        event = recorded(f"thing/{n}", 1, time_us=START_US + n * 100)
        put(adapter, write(f"thing/{n}", event, attachment=b"raw%d" % n))
    put(adapter, write("thing/0", expected=1))
    assert adapter.store.attachment("thing/0") == b"raw0"
    assert adapter.store.attachment("thing/9") is None
    before_us = START_US + 5 + 200
    assert adapter.store.expire_attachments(before_us, limit=1) == 1
    assert adapter.store.expire_attachments(before_us) == 1
    assert adapter.store.expire_attachments(before_us) == 0
    assert [adapter.store.attachment(f"thing/{n}") for n in range(3)] == [None, None, b"raw2"]
    assert len(adapter.store.read("thing/0")) == 2, "the events stay"


def test_an_attachment_is_forgotten_alone(adapter: Adapter) -> None:
    for n in range(2):
        put(adapter, write(f"thing/{n}", recorded(f"thing/{n}", 1), attachment=b"raw%d" % n))
    adapter.store.forget(["thing/1", "thing/9"])
    adapter.store.forget([])
    assert [adapter.store.attachment(f"thing/{n}") for n in range(2)] == [b"raw0", None]
    assert stands(adapter, "thing/1").version == 1


def test_nothing_of_a_forgotten_attachment_is_left_in_the_file(tmp_path: Path) -> None:
    embedded = sqlite(tmp_path)
    for n in range(2):
        body = b"secret of %d " % n * 2_000
        put(embedded, write(f"thing/{n}", recorded(f"thing/{n}", 1), attachment=body))
    embedded.store.forget(["thing/1"])
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret of 0" in kept
    assert b"secret of 1" not in kept


# -- the outbox


def test_an_outbox_holds_what_was_not_sent_or_nothing_at_all(adapter: Adapter) -> None:
    adapter.store.append("toy", [write("thing/1"), write("thing/2")])
    adapter.store.append("f", [write("f/1", recorded("f/1", 1, function="f"))])
    left = adapter.store.outbox("toy")
    assert [e.stream for e in left] in ([], ["thing/1", "thing/2"])
    adapter.store.sent(left[:1])
    assert adapter.store.outbox("toy") == left[1:]
    assert adapter.store.outbox("toy", limit=0) == []
    adapter.store.sent(left)
    adapter.store.sent(left)
    assert adapter.store.outbox("toy") == []


# -- groups


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

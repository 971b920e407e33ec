"""What every store promises of appends (shared.ports.store). A new adapter is one more line in ADAPTERS."""

import pytest

from shared.domain.ids import uuid5
from shared.ports.store import STATE_SIZE_BYTES_MAX, Conflict, Loaded, NotOwner, TooLarge, Write
from tests.contracts.stores import CAUSE, Adapter, placeless, put, recorded, stands, write

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

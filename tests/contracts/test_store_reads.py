"""What every store promises to whoever reads: streams, journeys, states, what is due, raw bodies and the outbox."""

from pathlib import Path

from shared.domain.ids import uuid5
from tests.contracts.stores import START_US, Adapter, put, recorded, sqlite, stands, write


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
    put(adapter, write("thing/2", recorded("thing/2", 1)))
    adapter.store.forget(["thing/1", "thing/2", "thing/9"])
    adapter.store.forget([])
    kept = [adapter.store.attachment(f"thing/{n}") for n in (0, 1, 2, 9)]
    assert kept == [b"raw0", b"", b"", None], "an empty one says that there is nothing more to know"
    assert stands(adapter, "thing/1").version == 1
    adapter.store.expire_attachments(START_US + 10_000)
    assert [adapter.store.attachment(f"thing/{n}") for n in range(3)] == [None, None, None]


def test_nothing_of_a_forgotten_attachment_is_left_in_the_file(tmp_path: Path) -> None:
    embedded = sqlite(tmp_path)
    for n in range(2):
        body = b"secret of %d " % n * 2_000
        put(embedded, write(f"thing/{n}", recorded(f"thing/{n}", 1), attachment=body))
    embedded.store.forget(["thing/1"])
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret of 0" in kept
    assert b"secret of 1" not in kept


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

"""What every bus promises (shared.ports.bus), and every log (shared.ports.log)."""

from collections.abc import Iterator

import pytest

from shared.ports.log import Log
from tests.contracts.stores import START_US, Adapter, placeless, put, recorded, write

NOTED, HEARD = "house.toy.noted.v1", "house.toy.heard.v1"
BOTH = frozenset({NOTED, HEARD})
READER = "reader"


def several(adapter: Adapter, count: int) -> None:
    """`count` streams with one event each, every second one heard, a second of event time apart."""
    for n in range(1, count + 1):
        kind = "heard" if n % 2 == 0 else "noted"
        put(adapter, write(f"thing/{n}", recorded(f"thing/{n}", 1, kind=kind, time_us=START_US + n)))


def drained(adapter: Adapter, function: str, types: frozenset[str], limit: int) -> Iterator[str]:
    """Pull and acknowledge until nothing is left."""
    while events := adapter.bus.pull(function, types, limit):
        assert len(events) <= limit
        yield from (event.stream for event in events)
        adapter.bus.acknowledge(function, events)


def test_nothing_is_there_before_anything_was_published(adapter: Adapter) -> None:
    assert adapter.bus.pull(READER, BOTH, 10) == []
    assert adapter.bus.oldest_unread_us(READER, BOTH) is None
    adapter.bus.acknowledge(READER, [])


def test_what_was_published_is_pulled_as_it_was_recorded(adapter: Adapter) -> None:
    events = put(adapter, write("thing/1", recorded("thing/1", 1), recorded("thing/1", 2)))
    assert adapter.comparable(adapter.bus.pull(READER, BOTH, 10)) == events


def test_a_function_gets_the_types_it_reads(adapter: Adapter) -> None:
    several(adapter, 6)
    heard = list(drained(adapter, READER, frozenset({HEARD, "house.toy.never.v1"}), 10))
    assert (heard if adapter.in_order else sorted(heard)) == ["thing/2", "thing/4", "thing/6"]
    assert adapter.bus.pull("other", frozenset({"house.toy.never.v1"}), 10) == []


def test_everything_is_read_in_handfuls(adapter: Adapter) -> None:
    several(adapter, 10)
    assert sorted(drained(adapter, READER, BOTH, 3)) == sorted(f"thing/{n}" for n in range(1, 11))


def test_what_is_not_acknowledged_comes_again(adapter: Adapter) -> None:
    several(adapter, 4)
    first = adapter.bus.pull(READER, BOTH, 10)
    assert adapter.bus.pull(READER, BOTH, 10) == first
    adapter.bus.acknowledge(READER, first[:2])
    assert adapter.bus.pull(READER, BOTH, 10) == first[2:]


def test_what_is_acknowledged_does_not_come_again(adapter: Adapter) -> None:
    several(adapter, 4)
    events = adapter.bus.pull(READER, BOTH, 10)
    adapter.bus.acknowledge(READER, events)
    adapter.bus.acknowledge(READER, events)
    assert adapter.bus.pull(READER, BOTH, 10) == []
    several_more = put(adapter, write("new/1"))
    assert placeless(adapter.bus.pull(READER, BOTH, 10)) == several_more


def test_each_function_reads_for_itself(adapter: Adapter) -> None:
    several(adapter, 4)
    assert len(list(drained(adapter, READER, BOTH, 10))) == 4
    assert len(list(drained(adapter, "other", BOTH, 10))) == 4


def test_publishing_again_brings_a_reader_nothing_new(adapter: Adapter) -> None:
    events = put(adapter, write("thing/1"))
    list(drained(adapter, READER, BOTH, 10))
    adapter.bus.publish(events)
    again = adapter.bus.pull(READER, BOTH, 10)
    assert placeless(again) == ([] if adapter.in_order else events), "once more, and known by its id"


def test_the_oldest_unread_event_of_a_functions_types_is_known(adapter: Adapter) -> None:
    if not adapter.in_order:
        pytest.skip("this bus cannot be asked for what it has not delivered")
    several(adapter, 4)
    assert adapter.bus.oldest_unread_us(READER, BOTH) == START_US + 1
    assert adapter.bus.oldest_unread_us(READER, frozenset({HEARD})) == START_US + 2
    adapter.bus.acknowledge(READER, adapter.bus.pull(READER, BOTH, 2))
    assert adapter.bus.oldest_unread_us(READER, BOTH) == START_US + 3
    assert adapter.bus.oldest_unread_us("other", BOTH) == START_US + 1
    list(drained(adapter, READER, BOTH, 10))
    assert adapter.bus.oldest_unread_us(READER, BOTH) is None


def test_a_type_that_was_unknown_so_far_is_delivered_once_there_is_one(adapter: Adapter) -> None:
    several(adapter, 3)
    later = frozenset({"house.toy.later.v1"})
    assert adapter.bus.pull(READER, later, 10) == []
    put(adapter, write("new/1", recorded("new/1", 1, kind="later")))
    assert [event.stream for event in adapter.bus.pull(READER, later, 10)] == ["new/1"]


def test_a_reader_goes_on_where_it_was_when_all_is_opened_again(adapter: Adapter) -> None:
    if adapter.again is None:
        pytest.skip("this adapter does not outlive its process")
    several(adapter, 4)
    adapter.bus.acknowledge(READER, adapter.bus.pull(READER, BOTH, 3))
    again = adapter.again()
    assert [event.stream for event in again.bus.pull(READER, BOTH, 10)] == ["thing/4"]
    assert len(again.bus.pull("other", BOTH, 10)) == 4


def failing_group(adapter: Adapter) -> None:
    """A group that appends, reads, acknowledges, and then is lost."""
    with adapter.store.group():
        put(adapter, write("thing/3"))
        adapter.bus.acknowledge(READER, adapter.bus.pull(READER, BOTH, 10))
        assert adapter.bus.pull(READER, BOTH, 10) == []
        raise RuntimeError("no power")


def test_an_acknowledgement_is_lost_with_its_group(adapter: Adapter) -> None:
    if not adapter.grouped:
        pytest.skip("each acknowledgement of this adapter is durable by itself")
    several(adapter, 2)
    with pytest.raises(RuntimeError, match="no power"):
        failing_group(adapter)
    assert [event.stream for event in adapter.bus.pull(READER, BOTH, 10)] == ["thing/1", "thing/2"]


# -- the log


@pytest.fixture
def log(adapter: Adapter) -> Log:
    if adapter.log is None:
        pytest.skip("this adapter has no log")
    return adapter.log


def test_the_log_is_all_functions_events_in_one_order(adapter: Adapter, log: Log) -> None:
    assert log.since(0, 10) == []
    several(adapter, 3)
    put(adapter, write("f/1", recorded("f/1", 1, function="f")), function="f")
    found = log.since(0, 10)
    assert [e.stream for e in found] == ["thing/1", "thing/2", "thing/3", "f/1"]
    positions = [e.position for e in found]
    assert positions == sorted(set(positions))
    assert log.head() >= positions[-1]
    assert log.since(log.head(), 10) == log.since(positions[-1], 10) == []
    assert log.since(positions[1], 1) == found[2:3]

"""What only this bus must show: order where it was asked for, large bodies by reference, shapes of pushes, its costs."""

import threading
import time
from collections.abc import Iterator

import pytest

from emulators.google import free_port
from shared.adapters.memory import MemoryBucket
from shared.adapters.pubsub import DATA_BYTES_MAX, PubSubBus, fetched
from shared.domain.cloudevents import Carried, attributes, from_push
from shared.domain.event import Recorded
from tests import google
from tests.contracts.stores import placeless, recorded
from tests.loopback import Answer, Asked, Loopback

pytestmark = pytest.mark.emulator
TOPICS, READS = {"toy": "toys", "other": "others"}, {"reader": ("toys", "others")}
NOTED = frozenset({"house.toy.noted.v1"})


@pytest.fixture
def bus() -> Iterator[PubSubBus]:
    bus = google.pubsub(TOPICS, READS, ordered=("toys",))
    yield bus
    bus.close()


def drained(bus: PubSubBus, count: int) -> list[Recorded]:
    found: list[Recorded] = []
    ends_s = time.monotonic() + 10
    while len(found) < count and time.monotonic() < ends_s:
        events = bus.pull("reader", NOTED, 100)
        bus.acknowledge("reader", events)
        found += events
    return found


def test_the_events_of_a_stream_come_in_their_order_where_a_reader_asked_for_it(bus: PubSubBus) -> None:
    events = [recorded(f"thing/{n % 7}", 1 + n // 7) for n in range(210)]
    for start in range(0, len(events), 30):
        bus.publish(events[start : start + 30])
    found = drained(bus, len(events))
    for n in range(7):
        assert [e.version for e in found if e.stream == f"thing/{n}"] == list(range(1, 31))


def test_a_large_body_goes_through_the_bucket(bus: PubSubBus) -> None:
    large = recorded("thing/1", 1, data=b'"' + b"x" * DATA_BYTES_MAX + b'"')
    small = recorded("thing/2", 1, data=b"x" * DATA_BYTES_MAX)
    bus.publish([large, small])
    assert sorted(placeless(drained(bus, 2)), key=lambda e: e.stream) == [large, small]
    kept = list(bus._bucket.names("payloads/"))
    assert [bus._bucket.get(name) for name in kept] == [large.data]
    assert bus.costs["bytes"] < DATA_BYTES_MAX + 2_000
    bus.publish([large])
    assert list(bus._bucket.names("")) == kept, "the same body is the same object"


def test_a_body_that_is_not_in_the_bucket_is_waited_for() -> None:
    with pytest.raises(TimeoutError, match="payloads/gone is not in the bucket"):
        fetched(Carried(recorded("thing/1", 1), "payloads/gone"), MemoryBucket())


@pytest.mark.parametrize(("number", "size_bytes"), [(2_500, 10), (200, DATA_BYTES_MAX)])
def test_more_than_a_request_may_carry_is_published_in_several(
    bus: PubSubBus, number: int, size_bytes: int
) -> None:
    data = b"x" * size_bytes
    events = [recorded(f"thing/{n}", 1, data=data, function="other") for n in range(number)]
    bus.publish(events)
    assert bus.costs["messages"] == number
    assert bus.costs["bytes"] > number * size_bytes


def test_a_message_costs_its_body_its_attributes_and_its_frame(bus: PubSubBus) -> None:
    event = recorded("thing/1", 1)
    bus.publish([event])
    named = sum(len(name) + len(value) for name, value in attributes(event).items())
    assert bus.costs == {"messages": 1, "bytes": len(event.data) + named + len(event.stream) + 36}


def test_what_is_no_event_is_let_go_and_holds_nothing_up(bus: PubSubBus) -> None:
    bus._publishing().publish(bus._path("toys"), b"hello").result(10)
    bus.publish([recorded("thing/1", 1)])
    assert [event.stream for event in drained(bus, 1)] == ["thing/1"]


def test_a_bus_that_is_away_says_so_within_seconds_and_then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    here = google.google().pubsub
    bus = google.pubsub(TOPICS, READS, ordered=("toys",))
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    event = recorded("thing/1", 1)
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        bus.publish([event])
    with pytest.raises(TimeoutError):
        bus.pull("reader", NOTED, 1)
    assert time.monotonic() - began_s < 30
    bus.close()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", here)
    bus.publish([event])
    assert placeless(drained(bus, 1)) == [event]
    bus.close()


@pytest.mark.parametrize("unwrapped", [True, False])
def test_a_push_brings_the_event_as_it_was_published(bus: PubSubBus, unwrapped: bool) -> None:
    from google.cloud.pubsub_v1 import SubscriberClient

    event = recorded("thing/ä 100%", 1, data='{"who":"Zoë"}'.encode())
    arrived = threading.Event()

    def answer(_: Asked) -> Answer:
        arrived.set()
        return Answer(204)

    with Loopback(answer) as site:
        push = {"push_endpoint": site.url} | ({"no_wrapper": {"write_metadata": True}} if unwrapped else {})
        SubscriberClient().create_subscription(
            request={
                "name": bus._path("pushed").replace("topics", "subscriptions"),
                "topic": bus._path("toys"),
                "push_config": push,
            }
        )
        bus.publish([event])
        assert arrived.wait(10)
        time.sleep(1.5)
        assert [from_push(asked.headers, asked.body) for asked in site.asked] == [Carried(event)]

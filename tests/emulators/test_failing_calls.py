"""Calls to Google that fail before or after they have done what they were asked: nothing lost, each effect once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import grpc
import httpx
import pytest

from shared.adapters.memory import MemoryBucket
from shared.adapters.pubsub import PubSubBus
from shared.domain.event import Recorded
from shared.ports.store import Conflict
from tests import google
from tests.contracts.stores import OWNERS, READS, TOPICS, WHOLE, Adapter, placeless, recorded, write
from tests.emulators.proxy import Proxy
from tests.hosted.hosting import Hosts, hosts, told, unwrapped

pytestmark = pytest.mark.emulator
PASSING = ["DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"]
"""What a service that is slow, contended, out of quota or away answers."""
SENT = frozenset({"house.toytill.charged.v1"})
passing = pytest.mark.parametrize("status", [grpc.StatusCode[name] for name in PASSING], ids=PASSING)
before_and_after = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


@pytest.fixture(scope="module")
def behind() -> Iterator[tuple[Proxy, Proxy]]:
    """Proxies before Firestore and Pub/Sub."""
    found = google.google()
    with Proxy(found.firestore) as firestore, Proxy(found.pubsub) as pubsub:
        yield firestore, pubsub


@pytest.fixture
def adapter(behind: tuple[Proxy, Proxy], monkeypatch: pytest.MonkeyPatch) -> Iterator[Adapter]:
    """A store and a bus of a project of their own, whose calls go through the proxies."""
    firestore, pubsub = behind
    store, bus = google.firestore(OWNERS, WHOLE), google.pubsub(TOPICS, READS)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore.address)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.address)
    with ExitStack() as stack:
        stack.callback(bus.close)
        stack.callback(store.close)
        yield Adapter(store, bus, store, grouped=False, in_order=False)


@pytest.fixture
def house(adapter: Adapter) -> Hosts:
    return hosts(adapter)


def proxy_of(behind: tuple[Proxy, Proxy], method: str) -> Proxy:
    return behind[1] if method in ("Publish", "Pull") else behind[0]


def pulled(adapter: Adapter, reader: str, kinds: frozenset[str]) -> list[Recorded]:
    found: list[Recorded] = []
    while events := adapter.bus.pull(reader, kinds, 100):
        adapter.bus.acknowledge(reader, events)
        found += events
    return found


def until_taken(house: Hosts, event: Recorded) -> list[httpx.Response]:
    """Push as Pub/Sub does: again, until it is acknowledged."""
    answers: list[httpx.Response] = []
    while not answers or (answers[-1].status_code != 204 and len(answers) < 5):
        answers += house.ask("toytill", unwrapped(event))
    return answers


# -- the whole of a push


@passing
@before_and_after
@pytest.mark.parametrize("method", ["BatchGetDocuments", "RunQuery", "Commit", "Publish"])
def test_a_push_that_meets_a_failing_call_comes_again_and_counts_once(
    house: Hosts, behind: tuple[Proxy, Proxy], status: grpc.StatusCode, after: bool, method: str
) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann", "scone")))
    event = told(toys.order("ann"))
    fault = proxy_of(behind, method).fail(method, status, after=after)
    answers = until_taken(house, event)
    assert fault.times == 0, "the call was made"
    assert answers[-1].status_code == 204
    assert {(a.status_code, a.headers["retry-after"]) for a in answers[:-1]} <= {(503, "5")}
    assert toys.state("toytill", "account/ann").charged == ("scone", "tea")
    assert [event.version for event in toys.ports.store.read("account/ann")] == [1, 2]
    assert house.post("toytill", "/tick") == 204
    assert toys.ports.store.outbox("toytill") == []
    sent = pulled(toys.adapter, "toyship", SENT)
    assert {event.id for event in sent} == {event.id for event in toys.ports.store.read("account/ann")}
    assert toys.letters("toytill") == []
    assert house.post("toytill", "/tick") == 204
    assert pulled(toys.adapter, "toyship", SENT) == []


@passing
@before_and_after
def test_a_request_whose_commit_fails_is_taken_once_when_it_comes_again(
    house: Hosts, behind: tuple[Proxy, Proxy], status: grpc.StatusCode, after: bool
) -> None:
    behind[0].fail("Commit", status, after=after)
    with pytest.raises(TimeoutError, match="firestore commit"):
        house.toys.order("ann")
    again = house.toys.order("ann")
    assert again.duplicate == after
    [event] = again.events
    assert placeless(house.toys.ports.store.read(event.stream)) == placeless([event])
    house.toys["toyedge"].relay()
    ordered = frozenset({"house.toyedge.ordered.v1"})
    assert {event.id for event in pulled(house.toys.adapter, "toytill", ordered)} == {event.id}


# -- the adapters alone


@passing
@before_and_after
def test_an_append_of_unknown_outcome_is_whole_or_not_at_all(
    adapter: Adapter, behind: tuple[Proxy, Proxy], status: grpc.StatusCode, after: bool
) -> None:
    events = [recorded("thing/1", 1), recorded("thing/1", 2), recorded("thing/2", 1)]
    writes = [write("thing/1", *events[:2]), write("thing/2", events[2])]
    behind[0].fail("Commit", status, after=after)
    with pytest.raises(TimeoutError, match="firestore commit"):
        adapter.store.append("toy", writes)
    kept = [*adapter.store.read("thing/1"), *adapter.store.read("thing/2")]
    assert placeless(kept) == (events if after else [])
    assert placeless(adapter.store.outbox("toy")) == (events if after else [])
    wants = [(event.stream, event.causation) for event in (events[0], events[2])]
    assert [one.handled for one in adapter.store.load("toy", wants)] == [after, after]
    if after:
        with pytest.raises(Conflict):
            adapter.store.append("toy", writes)
    else:
        adapter.store.append("toy", writes)
    assert placeless(adapter.store.outbox("toy")) == events


@passing
@before_and_after
@pytest.mark.parametrize("method", ["BatchGetDocuments", "RunQuery"])
def test_a_read_that_fails_says_so_or_is_tried_again(
    adapter: Adapter, behind: tuple[Proxy, Proxy], status: grpc.StatusCode, after: bool, method: str
) -> None:
    adapter.store.append("toy", [write("thing/1")])
    wants = [("thing/1", recorded("thing/1", 1).causation)]
    fault = behind[0].fail(method, status, after=after)
    if status is not grpc.StatusCode.UNAVAILABLE:
        with pytest.raises(TimeoutError, match="firestore"):
            adapter.store.load("toy", wants)
    [loaded] = adapter.store.load("toy", wants)
    assert fault.times == 0
    assert (loaded.version, loaded.handled) == (1, True)


@passing
@before_and_after
def test_a_publication_that_fails_is_made_again(
    adapter: Adapter, behind: tuple[Proxy, Proxy], status: grpc.StatusCode, after: bool
) -> None:
    event = recorded("thing/1", 1)
    fault = behind[1].fail("Publish", status, after=after)
    if status in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED):
        with pytest.raises(TimeoutError, match="publish to toy-topic"):
            adapter.bus.publish([event])
    adapter.bus.publish([event])
    assert fault.times == 0
    found = pulled(adapter, "reader", frozenset({event.type}))
    assert {one.id for one in found} == {event.id}
    assert placeless(found)[0] == event


@pytest.mark.parametrize("status", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED])
def test_a_right_that_is_not_in_force_yet_is_waited_for(
    house: Hosts, behind: tuple[Proxy, Proxy], status: grpc.StatusCode
) -> None:
    event = told(house.toys.order("ann"))
    behind[0].fail("Commit", status)
    behind[1].fail("Publish", status)
    assert [answer.status_code for answer in until_taken(house, event)] == [503, 503, 204]
    assert house.toys.letters("toytill") == []
    assert house.post("toytill", "/tick") == 204
    [charged] = house.toys.ports.store.read("account/ann")
    assert {event.id for event in pulled(house.toys.adapter, "toyship", SENT)} == {charged.id}


def test_a_topic_that_is_not_there_is_named_and_waited_for(adapter: Adapter) -> None:
    google.google()
    bus = PubSubBus("house-without-topics", TOPICS, MemoryBucket())
    with pytest.raises(
        TimeoutError, match=r"publish to toy-topic: it is not there \(terraform apply makes it\)"
    ):
        bus.publish([recorded("thing/1", 1)])
    with pytest.raises(TimeoutError, match="pull from reader-toy-topic: it is not there"):
        bus.pull("reader", frozenset({"house.toy.noted.v1"}), 1)
    bus.close()


def test_a_service_that_cuts_its_connections_is_found_again(
    adapter: Adapter, behind: tuple[Proxy, Proxy]
) -> None:
    first, second = recorded("thing/1", 1), recorded("thing/1", 2)
    adapter.store.append("toy", [write("thing/1", first)])
    adapter.bus.publish([first])
    with behind[0].away(), behind[1].away():
        with pytest.raises(TimeoutError):
            adapter.store.append("toy", [write("thing/1", second, expected=1)])
        with pytest.raises(TimeoutError):
            adapter.bus.publish([second])
    adapter.store.load("toy", [("thing/1", second.causation)])
    adapter.store.append("toy", [write("thing/1", second, expected=1)])
    adapter.bus.publish([second])
    assert {event.id for event in pulled(adapter, "reader", frozenset({first.type}))} == {first.id, second.id}

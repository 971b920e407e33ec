"""What only this store must show: its indexes, costs and limits, and that of many writers one wins."""

import threading
import time
from typing import Any

import pytest

from emulators.google import free_port
from shared.adapters.firestore import FirestoreStore
from shared.adapters.firestore_calls import Calls
from shared.adapters.firestore_documents import INDEXES, SINGLE_FIELD_INDEXES, stream_id, stream_of
from shared.domain.ids import uuid5
from shared.ports.store import Conflict, NotOwner, TooLarge
from tests import google
from tests.contracts.stores import OWNERS, WHOLE, recorded, write
from tests.emulators.test_outbox import beside

pytestmark = pytest.mark.emulator


def spent(store: FirestoreStore, before: dict[str, int]) -> tuple[int, int, int]:
    """Reads, writes and deletes since `before`."""
    reads, writes, deletes = (
        store.costs[name] - before.get(name, 0) for name in ("reads", "writes", "deletes")
    )
    return reads, writes, deletes


# -- indexes: the emulator answers without them, Google does not


def needed(query: Any) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """The index a query needs: its collection, its scope, and its fields as INDEXES writes them."""
    asked = query._to_protobuf()
    source = asked.from_[0]
    filters = [one.field_filter for one in asked.where.composite_filter.filters] or [asked.where.field_filter]
    fields: dict[str, str] = {}
    for one in filters:
        if one.op.name in ("ARRAY_CONTAINS", "ARRAY_CONTAINS_ANY"):
            fields[one.field.field_path] = "CONTAINS"
        elif one.op.name in ("EQUAL", "IN"):
            fields[one.field.field_path] = "ASCENDING"
    for order in asked.order_by:
        fields[order.field.field_path] = order.direction.name
    fields.pop("__name__", None)
    scope = "COLLECTION_GROUP" if source.all_descendants else "COLLECTION"
    return source.collection_id, scope, tuple(fields.items())


def test_every_query_has_its_index(monkeypatch: pytest.MonkeyPatch, store: FirestoreStore) -> None:
    asked: set[Any] = set()
    behind = Calls.query

    def noting(calls: Calls, query: Any) -> Any:
        asked.add(needed(query if hasattr(query, "_to_protobuf") else query.order_by("__name__")))
        return behind(calls, query)

    monkeypatch.setattr(Calls, "query", noting)
    store.append("toy", [write("thing/1", add=["a"], attachment=b"raw")])
    store.load("g", [("y/1", uuid5("cause", "c"))])
    store.states("toy", "a", before=1)
    store.states("toy", None, before=1)
    store.due("toy", 5)
    store.journey(uuid5("correlation", "j"))
    store.since(0, 10)
    store.read("thing/1")
    store.caused("thing/1", uuid5("cause", "c"))
    store.expire_attachments(5)
    beside(store).outbox("toy")
    declared = {
        *INDEXES,
        *((name, "COLLECTION", ((field, how),)) for name, field, how in SINGLE_FIELD_INDEXES),
    }
    by_name = {one for one in asked if not one[2]}
    assert {one[0] for one in by_name} == {"events", "outbox"}, "these go by the documents' names"
    assert asked - by_name == declared


# -- what is billed


def test_a_webhook_that_concerns_nobody_costs_what_the_store_says(store: FirestoreStore) -> None:
    store.append("g", [write("y/0", recorded("y/0", 1, function="g"), state=None)])
    store.append("f", [write("x/0", recorded("x/0", 1, function="f"))])
    before = dict(store.costs)
    delivery = recorded("y/1", 1, function="g")
    store.append("g", [write("y/1", delivery, state=None, attachment=b"{}")])
    store.sent([delivery])
    assert spent(store, before) == (0, 1, 0), "accepted: one document, its raw body in it"
    assert store.attachment("y/1") == b"{}"
    assert spent(store, before) == (1, 1, 0), "the raw body is read once"
    store.append("g", [write("y/2", recorded("y/2", 1, function="g"), state=None)])
    assert spent(store, before) == (1, 2, 0), "an entry is one document"
    store.load("f", [("x/1", delivery.id)], lazy=True)
    assert spent(store, before) == (2, 2, 0), "a stream that is not there needs no look at the marks"
    store.append("f", [], [("x/1", delivery.id)])
    assert spent(store, before) == (2, 3, 0), "a mark"


def test_inputs_handled_in_a_handful_share_their_mark_and_its_lookup(store: FirestoreStore) -> None:
    store.append("f", [write("x/0", recorded("x/0", 1, function="f"))])
    before = dict(store.costs)
    handful = [(f"x/{n}", uuid5("cause", str(n))) for n in range(1, 31)]
    assert not any(one.handled for one in store.load("f", handful))
    store.append("f", [], handful)
    assert spent(store, before) == (31, 1, 0)
    assert all(one.handled for one in store.load("f", handful))


def test_an_append_with_state_costs_its_stream_its_events_and_a_mark(store: FirestoreStore) -> None:
    store.append("toy", [write("thing/0")])
    before = dict(store.costs)
    store.append("toy", [write("thing/1", recorded("thing/1", 1), recorded("thing/1", 2))])
    store.append("toy", [write("thing/1", recorded("thing/1", 3), expected=2)])
    assert spent(store, before) == (0, 4 + 3, 0), "what was written is known without reading it again"


# -- limits, before anything is written


def test_an_append_over_the_requests_limit_is_refused_with_both_sizes(store: FirestoreStore) -> None:
    large = b'"' + b"x" * 880_000 + b'"'
    writes = [write(f"thing/{n}", state=large) for n in range(5)]
    with pytest.raises(TooLarge, match=r"44\d{5} bytes in one append, at most 4000000"):
        store.append("toy", writes)
    assert store.costs["writes"] == 0
    store.append("toy", writes[:4])


def test_a_document_over_its_limit_is_refused_with_both_sizes(store: FirestoreStore) -> None:
    with pytest.raises(TooLarge, match=r"thing/1: a document of 11\d{5} bytes, at most 1040000"):
        store.append("toy", [write("thing/1", state=b'"%s"' % (b"x" * 850_000), attachment=b"x" * 256_000)])
    assert store.costs["writes"] == 0


def test_what_only_the_service_can_see_to_be_too_large_is_refused_as_well(store: FirestoreStore) -> None:
    store.append("toy", [write("thing/1", attachment=b"x" * 400_000)])
    with pytest.raises(TooLarge):
        store.append("toy", [write("thing/1", expected=1, state=b'"%s"' % (b"x" * 880_000))])
    assert store.load("toy", [("thing/1", "0" * 32)])[0].version == 1


def test_a_spread_of_2048_streams_is_one_append(store: FirestoreStore) -> None:
    events = [recorded(f"y/{n}", 1, function="g", cause="c") for n in range(2048)]
    store.append("g", [write(event.stream, event, state=None) for event in events])
    assert all(one.handled for one in store.load("g", [(event.stream, event.causation) for event in events]))


@pytest.mark.parametrize(
    "name", ["thing/a b", "thing/ä/€", "thing/100%25", "thing/..", "thing/__x__", "thing/" + "~" * 400]
)
def test_any_stream_name_makes_a_document_id_and_comes_back(store: FirestoreStore, name: str) -> None:
    assert stream_of(stream_id(name)) == name
    store.append("toy", [write(name)])
    assert [view.stream for view in store.states("toy")] == [name]
    assert [event.stream for event in store.since(0, 10)] == [name]


def test_a_name_longer_than_an_id_is_refused(store: FirestoreStore) -> None:
    with pytest.raises(TooLarge, match="at most 1500"):
        store.append("toy", [write("thing/" + "x" * 1500)])


def test_a_stream_of_no_function_is_refused(store: FirestoreStore) -> None:
    with pytest.raises(NotOwner, match="no function of this route"):
        store.append("toy", [write("stray/1")])


# -- races


def test_of_many_writers_at_one_version_one_wins(store: FirestoreStore) -> None:
    store.append("f", [write("x/1", recorded("x/1", 1, function="f"))])
    writers = [beside(store) for _ in range(4)]
    won: list[tuple[int, int]] = []
    start = threading.Barrier(len(writers))

    def race(number: int) -> None:
        for version in range(1, 6):
            writers[number].load("f", [("x/1", "0" * 32)])
            start.wait(20)
            try:
                event = recorded("x/1", version + 1, function="f", cause=f"{number}")
                writers[number].append("f", [write("x/1", event, expected=version)])
            except Conflict:
                pass
            else:
                won.append((version, number))
            start.wait(20)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [version for version, _ in won] == [1, 2, 3, 4, 5]
    assert [event.version for event in store.read("x/1")] == [1, 2, 3, 4, 5, 6]


def test_a_store_that_is_away_says_so_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    google.google()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    store = FirestoreStore("house-away", OWNERS, WHOLE)
    for call in (
        lambda: store.append("toy", [write("thing/1")]),
        lambda: store.load("toy", [("thing/1", "0" * 32)]),
        lambda: store.states("toy"),
    ):
        began_s = time.monotonic()
        with pytest.raises(TimeoutError):
            call()
        assert time.monotonic() - began_s < 15

"""No crash before publication loses anything of what the store keeps, nor does a timeout."""

import os
from typing import Any

import pytest

from shared.adapters import firestore_outbox
from shared.adapters.firestore import FirestoreStore
from shared.adapters.firestore_calls import Calls
from shared.ports.store import Conflict, Write
from tests import google
from tests.contracts.stores import OWNERS, WHOLE, placeless, recorded, write

pytestmark = pytest.mark.emulator


def beside(store: FirestoreStore, abandoned_s: float = 0.0) -> FirestoreStore:
    """Another process on the same database, which takes markers of that age for a dead process's."""
    return FirestoreStore(
        store._calls._project,
        OWNERS,
        WHOLE,
        request_bytes_max=google.EMULATOR_REQUEST_BYTES_MAX,
        abandoned_s=abandoned_s,
    )


def test_what_a_dead_process_left_is_found_and_its_marker_goes(store: FirestoreStore) -> None:
    before = recorded("thing/0", 1)
    store.append("toy", [write("thing/0", before)])
    lost = [recorded("thing/1", n) for n in (1, 2)] + [recorded("thing/2", 1)]
    store.append("toy", [write("thing/1", *lost[:2]), write("thing/2", lost[2], state=None)])
    store.append("f", [write("x/1", recorded("x/1", 1, function="f"))])
    store.sent([before])
    other = beside(store)
    assert placeless(other.outbox("toy", 2)) == [before, lost[0]], "of the slice, what was sent comes again"
    assert placeless(other.outbox("toy", 2)) == [before, lost[0]], "until it is sent"
    other.sent(other.outbox("toy", 2))
    assert placeless(other.outbox("toy", 100)) == lost[1:]
    other.sent(lost[1:])
    assert other.outbox("toy") == []
    assert beside(store).outbox("toy") == [], "the marker is gone"
    assert [event.stream for event in other.outbox("f")] == ["x/1"], "another function's is its own"


def test_what_a_living_process_has_not_sent_is_left_to_it(store: FirestoreStore) -> None:
    store.append("toy", [write("thing/1")])
    assert beside(store, abandoned_s=60).outbox("toy") == []
    assert [event.stream for event in store.outbox("toy")] == ["thing/1"]


def test_a_process_that_only_idles_sends_nothing_again_and_takes_its_own_marker_away() -> None:
    opened = google.firestore(OWNERS, WHOLE)
    idle = beside(opened)
    idle.append("toy", [write("thing/1")])
    assert [event.stream for event in idle.outbox("toy")] == ["thing/1"]
    idle.sent(idle.outbox("toy"))
    assert idle.outbox("toy") == []
    other = beside(opened)
    assert other.outbox("toy") == []
    assert other.costs["reads"] == 1, "no marker is left"
    idle.append("toy", [write("thing/2")])
    assert [event.stream for event in other.outbox("toy")] == ["thing/2"], "the next append brings another"
    for process in (opened, idle, other):
        process.close()


def test_a_marker_renewed_meanwhile_stays(store: FirestoreStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store._slice_s = 0.0
    store.append("toy", [write("thing/1")])
    store.sent(store.outbox("toy"))
    other = beside(store)
    other.sent(other.outbox("toy"))
    behind = other._abandoned._remove

    def late(marker: Any) -> None:
        store.append("toy", [write("thing/2")])
        behind(marker)

    monkeypatch.setattr(other._abandoned, "_remove", late)
    assert other.outbox("toy") == []
    assert [event.stream for event in beside(store).outbox("toy")] == ["thing/2"]


def test_a_process_that_ends_in_order_leaves_no_marker() -> None:
    store = google.firestore(OWNERS, WHOLE)
    store.append("toy", [write("thing/1")])
    store.sent(store.outbox("toy"))
    store.close()
    other = beside(store)
    assert other.outbox("toy") == []
    assert other.costs["reads"] == 1


@pytest.mark.parametrize("landed", [True, False])
def test_an_append_that_timed_out_is_published_if_it_is_durable(
    store: FirestoreStore, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    behind = Calls.commit

    def tired(calls: Calls, *args: Any, **named: Any) -> Any:
        if landed:
            behind(calls, *args, **named)
        raise TimeoutError("no answer")

    monkeypatch.setattr(Calls, "commit", tired)
    with pytest.raises(TimeoutError):
        store.append("toy", [write("thing/1", recorded("thing/1", 1), recorded("thing/1", 2))])
    monkeypatch.setattr(Calls, "commit", behind)
    assert [event.version for event in store.outbox("toy")] == ([1, 2] if landed else [])
    monkeypatch.setattr(firestore_outbox, "DOUBT_S", 0.0)
    assert [event.version for event in store.outbox("toy")] == ([1, 2] if landed else [])
    assert store._unsent_of("toy").doubts() == []
    if landed:
        again = Write("thing/1", 0, (recorded("thing/1", 1),), b"{}")
        with pytest.raises(Conflict):
            store.append("toy", [again])


def test_of_two_attempts_at_one_input_only_the_one_that_is_durable_is_published(
    store: FirestoreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Calls.commit

    def tired(*_: Any, **__: Any) -> Any:
        raise TimeoutError("no answer")

    first, second = (recorded("thing/1", 1, data=data) for data in (b'{"n":1}', b'{"n":2}'))
    monkeypatch.setattr(Calls, "commit", tired)
    with pytest.raises(TimeoutError):
        store.append("toy", [write("thing/1", first)])
    monkeypatch.setattr(Calls, "commit", behind)
    store.append("toy", [write("thing/1", second)])
    assert (first.id, first.data) != (second.id, second.data) == (first.id, b'{"n":2}')
    assert placeless(store.outbox("toy")) == [second]
    assert store._unsent_of("toy").doubts() == [], "there is no room for the first any more"
    store.sent([second])
    assert store.outbox("toy") == []


def test_a_bus_that_stays_away_ends_the_taking(
    store: FirestoreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firestore_outbox, "UNSENT_MAX", 2)
    for n in range(3):
        store.append("toy", [write(f"thing/{n}")])
    with pytest.raises(TimeoutError, match="3 events wait"):
        store.append("toy", [write("thing/3")])
    store.sent(store.outbox("toy"))
    store.append("toy", [write("thing/3")])


def test_the_log_leaves_out_what_may_still_have_something_before_it(store: FirestoreStore) -> None:
    store.append("toy", [write("thing/1")])
    waiting = FirestoreStore(store._calls._project, OWNERS, WHOLE, settle_s=60.0)
    assert waiting.since(0, 10) == []
    assert waiting.head() < store.since(0, 10)[0].position
    assert os.environ["FIRESTORE_EMULATOR_HOST"] == google.google().firestore

"""Failures on the real wire: calls that fail, functions killed, emulators restarted, poison, duplicates, disorder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import grpc
import httpx
import pytest
from msgspec.structs import replace

from shared.cli.main import main
from shared.domain.event import Event, Recorded, encode, type_of
from shared.domain.ids import uuid5
from shared.domain.instants import HOUR_US
from shared.domain.optins import pair_stream
from shared.domain.requests import ConsentGiven, ConsentWithdrawn
from tests.emulators.faulty import ACCEPTED, RECORDED, Faulty, faulty, until
from tests.given import NOW_US

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(180)]
STATUSES = [grpc.StatusCode[name] for name in ("DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED")]
passing = pytest.mark.parametrize("status", STATUSES, ids=[status.name for status in STATUSES])
before_and_after = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
REACHED_S_MAX = 30.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """A House of this module's own, which nobody ticks but its tests."""
    with faulty(tmp_path_factory.mktemp("release")) as house:
        yield house


# -- calls that fail


@passing
@before_and_after
def test_a_webhook_whose_commit_fails_is_to_be_sent_again_and_counts_once(
    house: Faulty, status: grpc.StatusCode, after: bool
) -> None:
    house.firestore.fail("Commit", status, after=after, about=b"/functions/intake/")
    body = house.body()
    refused = house.deliver(body)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    taken = house.deliver(body)
    assert taken.status_code == (200 if after else 202)
    assert house.house.tick("intake") == 204
    house.sound(taken.json()["correlationid"])


@before_and_after
def test_a_webhook_that_is_kept_but_not_published_is_published_by_the_tick(
    house: Faulty, after: bool
) -> None:
    fault = house.pubsub.fail("Publish", STATUSES[0], after=after, about=b"topics/deliveries", times=2)
    body = house.body()
    assert [house.deliver(body).status_code for _ in range(2)] == [503, 200]
    assert house.house.tick("intake") == 503
    assert fault.times == 0
    assert house.house.tick("intake") == 204
    house.sound(house.deliver(body).json()["correlationid"])


def test_pushes_that_meet_failing_calls_come_again_and_count_once(house: Faulty) -> None:
    faults = [
        proxy.fail(method, status, after=after, about=about)
        for proxy, method, about in (
            (house.firestore, "BatchGetDocuments", b"/functions/intake/"),
            (house.firestore, "Commit", b"/functions/eventlog/"),
            (house.pubsub, "Publish", b"topics/entries"),
        )
        for status in STATUSES
        for after in (False, True)
    ]
    correlations: list[str] = []
    while any(fault.times for fault in faults):
        assert len(correlations) < 100
        correlations.append(house.accepted())
    assert until(lambda: house.house.tick("eventlog"), lambda status: status == 204)
    house.sound(*correlations)


# -- functions that are killed or ended


@before_and_after
@pytest.mark.parametrize("method", ["Commit", "Publish"])
def test_a_function_killed_while_it_handles_a_push_loses_and_doubles_nothing(
    house: Faulty, method: str, after: bool
) -> None:
    proxy, about = (
        (house.firestore, b"/functions/eventlog/")
        if method == "Commit"
        else (house.pubsub, b"topics/entries")
    )
    with proxy.held(method, after=after, about=about) as call:
        correlation = house.accepted()
        assert call.reached.wait(REACHED_S_MAX)
        house.house.kill("eventlog")
        assert call.gone.wait(REACHED_S_MAX)
    house.relay("eventlog")
    house.house.start("eventlog")
    house.push_again(correlation)
    house.sound(correlation)


@before_and_after
def test_a_function_killed_while_it_takes_a_webhook_takes_it_once_when_it_comes_again(
    house: Faulty, after: bool
) -> None:
    body = house.body()
    with ThreadPoolExecutor(1) as sender:
        with house.firestore.held("Commit", after=after, about=b"/functions/intake/") as call:
            sent = sender.submit(house.deliver, body)
            assert call.reached.wait(REACHED_S_MAX)
            house.house.kill("intake")
            assert call.gone.wait(REACHED_S_MAX)
        with pytest.raises(httpx.TransportError):
            sent.result()
    house.relay("intake")
    house.house.start("intake")
    taken = house.deliver(body)
    assert taken.status_code == (200 if after else 202)
    house.sound(taken.json()["correlationid"])


def test_a_function_that_is_told_to_end_finishes_what_is_in_hand_and_leaves_nothing_behind(
    house: Faulty,
) -> None:
    with ThreadPoolExecutor(2) as hands:
        with house.firestore.held("Commit", about=b"/functions/intake/") as call:
            sent = hands.submit(house.deliver, house.body())
            assert call.reached.wait(REACHED_S_MAX)
            ended = hands.submit(house.house.stop, "intake")
            until(lambda: _refuses(house), bool)
        assert sent.result().status_code == 202
        ended.result()
    assert house.markers("intake") == []
    house.house.start("intake")
    house.sound(sent.result().json()["correlationid"])


def _refuses(house: Faulty) -> bool:
    """Whether intake takes no more connections."""
    try:
        httpx.get(f"{house.house.urls['intake']}/healthz", timeout=5)
    except httpx.TransportError:
        return True
    return False


# -- emulators that are restarted


def test_what_comes_while_pubsub_is_away_is_kept_and_published_afterwards(house: Faulty) -> None:
    house.sound()
    body = house.body()
    house.house.google.stop("pubsub")
    assert [house.deliver(body).status_code for _ in range(2)] == [503, 200]
    house.house.google.start("pubsub")
    house.house.create_topics()
    house.watch()
    assert until(lambda: house.house.tick("intake"), lambda status: status == 204)
    house.sound(house.deliver(body).json()["correlationid"])


def test_what_comes_while_firestore_is_away_is_refused_and_counts_once_afterwards(house: Faulty) -> None:
    before = house.accepted()
    house.sound(before)
    body = house.body()
    with ThreadPoolExecutor(1) as hands:
        restarted = hands.submit(house.house.restart, "firestore")
        answers = [until(lambda: house.deliver(body), lambda answer: answer.status_code == 503)]
        restarted.result()
    answers.append(until(lambda: house.deliver(body), lambda answer: answer.status_code < 300))
    assert answers[0].headers["retry-after"] == "5"
    assert house.kinds(before) == {ACCEPTED: 1, RECORDED: 1}, "what was kept is kept"
    assert until(lambda: house.house.tick("intake"), lambda status: status == 204)
    house.sound(answers[-1].json()["correlationid"])


# -- poison


def test_an_input_that_meets_a_bug_is_parked_with_its_stack_and_redriven_after_the_fix(
    house: Faulty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_URL", house.house.url)
    monkeypatch.setenv("HOUSE_TOKEN", house.house.token)
    with house.bug():
        poisoned, other = house.accepted("fork"), house.accepted()
        [(parked, letter)] = until(house.open_letters, bool).items()
        assert letter["error"] == "LookupError: no fork was laid"
        house.parked.add(parked)
        house.sound(other)
        assert main(["dead-letters", "list"]) == 0
        assert (
            f"parked  eventlog  {parked}  {ACCEPTED}  LookupError: no fork was laid"
            in capsys.readouterr().out
        )
        assert main(["dead-letters", "show", "eventlog", parked]) == 0
        shown = capsys.readouterr().out
        assert "functions/eventlog/decide.py" in shown
        assert 'raise LookupError("no fork was laid")' in shown
        assert main(["dead-letters", "redrive", "eventlog", parked]) == 1
        assert "met a bug again" in capsys.readouterr().out
    assert main(["dead-letters", "redrive", "eventlog", parked]) == 0
    house.parked.remove(parked)
    [entry] = [event for event in house.store.journey(poisoned) if event.type == RECORDED]
    assert entry.causation == parked
    assert main(["dead-letters", "redrive", "eventlog", parked]) == 1
    assert "is not an open dead letter" in capsys.readouterr().err
    house.sound()


def test_a_message_that_cannot_be_read_is_parked_and_the_rest_goes_on(
    house: Faulty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bent = replace(delivered_event(house), id=uuid4().hex, stream="delivery/none", data=b'{"digest":1}')
    newer = replace(bent, id=uuid4().hex, type=ACCEPTED.replace("v1", "v2"))
    house.bus.publish([bent, newer])
    letters = until(house.open_letters, lambda found: len(found) == 2)
    assert "Expected `str`, got `int`" in letters[bent.id]["error"]
    assert f"no event type '{newer.type}' is known" in letters[newer.id]["error"]
    house.parked.update(letters)
    house.sound(house.accepted())
    monkeypatch.setenv("HOUSE_URL", house.house.url)
    monkeypatch.setenv("HOUSE_TOKEN", house.house.token)
    assert main(["dead-letters", "redrive", "eventlog", bent.id]) == 1
    assert "the input at delivery/none version 1 is gone" in capsys.readouterr().err


def delivered_event(house: Faulty) -> Recorded:
    """A delivery as intake published it."""
    correlation = house.accepted()
    house.sound(correlation)
    return next(event for event in house.store.journey(correlation) if event.type == ACCEPTED)


# -- duplicates and disorder


def test_the_same_webhook_many_times_at_once_is_one_event(house: Faulty) -> None:
    body = house.body()
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(house.deliver, [body] * 16))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: 15}
    [correlation] = {answer.json()["correlationid"] for answer in answers}
    house.sound(correlation)


def test_the_same_event_published_many_times_has_its_effect_once(house: Faulty) -> None:
    event = delivered_event(house)
    before = house.store.since(0, 10_000)
    for _ in range(3):
        house.bus.publish([event] * 4)
    house.sound(house.accepted(), event.correlation)
    assert len(house.store.since(0, 10_000)) == len(before) + 2


def test_the_second_event_of_a_stream_may_come_before_the_first(house: Faulty) -> None:
    spans = []
    for developer, order in ((f"dev_{uuid4().hex[:20]}", order) for order in ((0, 1), (1, 0))):
        given = person(developer, 1, ConsentGiven(developer, "participation", NOW_US))
        withdrawn = person(developer, 2, ConsentWithdrawn(developer, "participation", NOW_US + HOUR_US))
        for event in [(given, withdrawn)[which] for which in order]:
            house.bus.publish([event])
            until(partial(handled, house, event), bool)
        state = house.store.state("optin", pair_stream((developer,)))
        assert state is not None
        spans.append(state.state.replace(developer.encode(), b""))
    assert spans[0] == spans[1]


def person(developer: str, version: int, body: Event) -> Recorded:
    """What the gateway would have recorded of a developer."""
    stream, kind = f"person/{developer}", type_of(body).name
    ids = [uuid5(name, stream, str(version)) for name in ("event", "correlation", "cause")]
    return Recorded(
        ids[0], kind, stream, version, NOW_US + version, NOW_US + version, ids[1], ids[2], encode(body)
    )


def handled(house: Faulty, event: Recorded) -> bool:
    """Whether optin has taken the event in."""
    return any(made.causation == event.id for made in house.store.journey(event.correlation))

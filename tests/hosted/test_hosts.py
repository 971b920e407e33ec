"""Functions in hosts of their own: pushed, ticked and redriven over HTTP, with nothing between them but events."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from starlette.responses import PlainTextResponse

from shared.adapters.memory import MemoryBus, MemoryStore
from shared.domain.event import Recorded, upcast
from shared.domain.instants import SECOND_US
from shared.ports.store import Conflict, TooLarge, Write
from shared.runtime import hosted, patience
from shared.runtime.callers import Callers
from shared.runtime.edge import Edge, Rejection
from shared.runtime.shapes import Asgi, Function, Intake
from tests.contracts.stores import Adapter
from tests.engine.toys import ALL, BASKET, ORDER, TILL, Ordered, Toys, charge, order, till
from tests.given import NOW_US
from tests.hosted.hosting import Hosts, eventarc, hosts, told, unwrapped, wrapped
from tests.hosted.test_callers import asking, token
from tests.loopback import Answer, Asked, Loopback

OLD = "house.toyedge.ordered.v0"
upcast(OLD, Ordered, lambda old: {"who": old["name"]})


class Trouble(MemoryStore):
    """A store that fails as it is told to, and lets one thread write at a time."""

    fails: Exception | None = None
    pause_s = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._writing = threading.Lock()
        self.appends = 0

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        if self.fails is not None:
            raise self.fails
        with self._writing:
            time.sleep(self.pause_s)
            self.appends += 1
            super().append(function, writes, handled)


class Deaf(MemoryBus):
    """A bus that may take nothing."""

    fails: Exception | None = None

    def publish(self, events: Sequence[Recorded]) -> None:
        if self.fails is not None:
            raise self.fails
        super().publish(events)


@pytest.fixture
def house() -> Hosts:
    store = Trouble()
    return hosts(Adapter(store, Deaf(), store, grouped=False))


def store(house: Hosts) -> Trouble:
    found = house.toys.ports.store
    assert isinstance(found, Trouble)
    return found


def bus(house: Hosts) -> Deaf:
    found = house.toys.ports.bus
    assert isinstance(found, Deaf)
    return found


def count(house: Hosts, kind: str) -> int:
    """How many events of a kind there are."""
    return sum(event.type.endswith(f".{kind}.v1") for event in house.toys.everything())


# -- pushes


@pytest.mark.parametrize("shape", [unwrapped, wrapped, eventarc])
def test_a_push_of_any_shape_is_handled_before_it_is_answered(
    house: Hosts, shape: Callable[[Recorded], httpx.Request]
) -> None:
    event = told(house.toys.order("ann"))
    [answer] = house.ask("toytill", shape(event))
    assert (answer.status_code, answer.content) == (204, b"")
    assert house.toys.state("toytill", "account/ann").charged == ("tea",)


def test_a_push_that_comes_again_changes_nothing(house: Hosts) -> None:
    event = told(house.toys.order("ann"))
    assert house.push("toytill", event) == [204]
    before = house.toys.everything()
    assert house.push("toytill", event, event, event) == [204, 204, 204]
    assert house.toys.everything() == before


def test_pushes_at_once_share_appends_and_lose_nothing(house: Hosts) -> None:
    events = [told(house.toys.order(f"p{n % 5}", f"tea {n}")) for n in range(60)]
    before, store(house).pause_s = store(house).appends, 0.005
    assert set(house.push("toytill", *events)) == {204}
    charged = [house.toys.state("toytill", f"account/p{n}").charged for n in range(5)]
    assert sorted(what for one in charged for what in one) == sorted(f"tea {n}" for n in range(60))
    assert store(house).appends - before < 40


def test_an_event_that_the_function_does_not_read_is_let_go(house: Hosts) -> None:
    event = told(house.toys.order("ann"))
    before = house.toys.everything()
    assert house.push("toyship", event) == [204]
    assert house.toys.everything() == before


def test_an_event_of_an_older_version_is_read_as_the_newest(house: Hosts) -> None:
    old = replace(told(house.toys.order("ann")), type=OLD, data=b'{"name":"ann"}')
    assert house.push("toytill", old) == [204]
    assert house.toys.state("toytill", "account/ann").charged == ("tea",)


def test_an_event_of_a_version_that_is_not_known_yet_is_parked_and_not_lost(house: Hosts) -> None:
    newer = replace(told(house.toys.order("ann")), type="house.toyedge.ordered.v2")
    assert house.push("toytill", newer) == [204]
    [letter] = house.toys.letters("toytill")
    assert letter.error == (
        "Undecodable: no event type 'house.toyedge.ordered.v2' is known to this version of the House"
    )


def test_a_body_that_lies_in_the_bucket_is_fetched(house: Hosts) -> None:
    event = told(house.toys.order("ann"))
    [missing] = house.ask("toytill", unwrapped(event, dataref="payloads/1"))
    assert missing.status_code == 503
    house.toys.bucket.put("payloads/1", event.data)
    [answer] = house.ask("toytill", unwrapped(event, dataref="payloads/1"))
    assert answer.status_code == 204
    assert house.toys.state("toytill", "account/ann").charged == ("tea",)


@pytest.mark.parametrize("failure", [TimeoutError("away"), Conflict("always")])
def test_while_the_store_is_away_a_push_is_to_come_again(house: Hosts, failure: Exception) -> None:
    event = told(house.toys.order("ann"))
    store(house).fails = failure
    [answer] = house.ask("toytill", unwrapped(event))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    store(house).fails = None
    assert house.push("toytill", event) == [204]
    assert house.toys.state("toytill", "account/ann").charged == ("tea",)


def test_a_failure_of_the_engine_is_no_fault_of_the_push(
    house: Hosts, capsys: pytest.CaptureFixture[str]
) -> None:
    event = told(house.toys.order("ann"))
    store(house).fails = PermissionError("no such right")
    assert house.push("toytill", event) == [500]
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["kind"] == "bug"
    store(house).fails = None
    assert house.push("toytill", event) == [204]


def test_a_bug_parks_its_input_and_is_answered_as_done(house: Hosts) -> None:
    events = [told(house.toys.order("ann", what)) for what in ("tea", "bug", "scone")]
    assert house.push("toytill", *events) == [204, 204, 204]
    assert sorted(house.toys.state("toytill", "account/ann").charged) == ["scone", "tea"]
    [letter] = house.toys.letters("toytill")
    assert letter.error == "ValueError: no change for that"
    assert "charge" in letter.stack


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"not json", b'{"message": {"data": "%%"}}', b'{"message": {}}']
)
def test_what_is_no_event_is_refused_and_stays_where_it_is(
    house: Hosts, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert house.post("toytill", "/", body) == 400
    assert "a push that is no event" in capsys.readouterr().err


# -- who may


@pytest.mark.parametrize("path", ["/", "/tick", "/draw", "/errand", "/redrive"])
def test_with_an_audience_only_the_functions_own_account_may_call(house: Hosts, path: str) -> None:
    house.callers = asking()
    answers = house.ask(
        "toytill",
        *(
            httpx.Request("POST", f"http://function{path}", headers=headers)
            for headers in ({}, {"authorization": "Bearer x"}, {"authorization": token(aud="https://other")})
        ),
    )
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1, "the answer does not say why"
    assert house.post("toytill", path, headers={"authorization": token()}) != 401


def test_while_callers_cannot_be_known_they_are_asked_to_come_again(house: Hosts) -> None:
    def away() -> Any:
        raise TimeoutError("no certificates")

    house.callers = Callers("https://a", "b", away)
    assert house.post("toytill", "/tick", headers={"authorization": token()}) == 503


# -- time


def test_a_tick_wakes_what_is_due(house: Hosts) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann", f"later {NOW_US + SECOND_US}")))
    assert house.post("toytill", "/tick") == 204
    assert count(house, "reminded") == 0
    toys.clock.move(2 * SECOND_US)
    assert [house.post("toytill", "/tick") for _ in range(2)] == [204, 204]
    assert count(house, "reminded") == 1


def test_what_was_kept_but_not_published_is_published_by_a_tick(house: Hosts) -> None:
    event = told(house.toys.order("ann"))
    bus(house).fails = TimeoutError("no answer")
    assert house.push("toytill", event) == [503]
    assert house.post("toytill", "/tick") == 503
    bus(house).fails = None
    assert house.push("toytill", event) == [204], "it is handled already"
    charged = frozenset({"house.toytill.charged.v1"})
    assert bus(house).pull("toyship", charged, 10) == []
    assert house.post("toytill", "/tick") == 204
    assert len(bus(house).pull("toyship", charged, 10)) == 1


def test_a_tick_that_keeps_failing_is_said_once_though_pushes_succeed(
    house: Hosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "OVERDUE_S", -1.0)
    event = told(house.toys.order("ann"))
    bus(house).fails = TimeoutError("no such topic")
    assert house.push("toytill", event) == [503]
    capsys.readouterr()
    for _ in range(3):
        assert house.post("toytill", "/tick") == 503
        assert house.push("toytill", event) == [204]
    [line] = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["kind"], json.loads(line)["error"]) == ("overdue", "TimeoutError: no such topic")


def test_whoever_leaves_publishes_what_is_durable_first_if_it_can(house: Hosts) -> None:
    toys = house.toys
    leaving = hosted.Hosted(TILL, toys.ports, None, toys.gateways, 0.0)  # type: ignore[arg-type]  # it has no secrets
    event = told(toys.order("ann"))
    bus(house).fails = TimeoutError("no answer")
    assert house.push("toytill", event) == [503]
    leaving.leave()
    bus(house).fails = None
    leaving.leave()
    assert len(bus(house).pull("toyship", frozenset({"house.toytill.charged.v1"}), 10)) == 1


def test_events_that_are_late_hold_up_windows_for_as_long_as_is_said(house: Hosts) -> None:
    toys = house.toys
    late = hosted.Hosted(TILL, toys.ports, None, toys.gateways, 30.0)  # type: ignore[arg-type]  # it has no secrets
    house.push("toytill", told(toys.order("ann", f"later {NOW_US + 1_000_000}")))
    toys.clock.move(20 * SECOND_US)
    asyncio.run(late.wake())
    assert toys.state("toytill", "account/ann").due_at_us is not None
    toys.clock.move(20 * SECOND_US)
    asyncio.run(late.wake())
    assert toys.state("toytill", "account/ann").due_at_us is None


@pytest.mark.parametrize("path", ["/tick", "/draw"])
def test_a_draw_that_is_asked_for_again_draws_nobody_twice(house: Hosts, path: str) -> None:
    toys = house.toys
    events = [told(toys.order(name, "company")) for name in ("ann", "bob", "cat")]
    assert house.push("toypair", *events) == [204] * 3
    for _ in range(3):
        assert house.post("toypair", path) == 204
    assert count(house, "paired") == 1


def test_a_step_that_fails_holds_up_no_other(house: Hosts) -> None:
    toys = house.toys
    events = [told(toys.order(name, "company")) for name in ("ann", "bob")]
    house.push("toypair", *events)
    toys.order("cat", "company")
    bus(house).fails = TimeoutError("no answer")
    house.push("toypair", *[event for event in toys.everything() if event.stream.startswith("order/cat")])
    assert house.post("toypair", "/tick") == 503
    assert count(house, "paired") == 1, "though nothing could be published"


# -- errands


def test_an_errand_is_out_before_its_push_is_answered(house: Hosts) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann")))
    [charged] = [event for event in toys.everything() if event.type.endswith("charged.v1")]
    assert house.push("toycourier", charged, charged) == [204, 204]
    assert toys.state("toycourier", "sent/ann").answers == ("done",)
    assert house.push("toycourier", charged) == [204]
    assert toys.state("toycourier", "sent/ann").answers == ("done",)


def test_an_errand_that_finds_nobody_in_time_is_to_come_again(house: Hosts) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann")))
    [charged] = [event for event in toys.everything() if event.type.endswith("charged.v1")]
    toys.site.slow = True
    assert house.push("toycourier", charged) == [503]
    toys.site.slow = False
    assert house.push("toycourier", charged) == [204]
    assert toys.state("toycourier", "sent/ann").answers == ("done",)


# -- dead letters


def test_a_parked_input_is_redriven_over_http_once(house: Hosts) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann", "bug")))
    [letter] = [view.stream for view in toys.ports.store.states("toytill", "parked")]
    body = json.dumps({"stream": letter}).encode()
    [still] = house.ask("toytill", httpx.Request("POST", "http://function/redrive", content=body))
    assert (still.status_code, still.json()) == (200, {"went_through": False})
    mended = till(lambda state, arrived: charge(state, arrived) if "bug" not in str(arrived.body) else [])
    again = hosts(toys.adapter, [mended])
    [answer] = again.ask("toytill", httpx.Request("POST", "http://function/redrive", content=body))
    assert (answer.status_code, answer.json()) == (200, {"went_through": True})
    [twice] = again.ask("toytill", httpx.Request("POST", "http://function/redrive", content=body))
    assert twice.status_code == 409
    assert "not an open dead letter" in twice.json()["detail"]


def test_a_parked_errand_is_redriven_too(house: Hosts) -> None:
    toys = house.toys
    house.push("toytill", told(toys.order("ann", "errand bug")))
    [charged] = [event for event in toys.everything() if event.type.endswith("charged.v1")]
    assert house.push("toycourier", charged) == [204]
    [letter] = [view.stream for view in toys.ports.store.states("toycourier", "parked")]
    body = json.dumps({"stream": letter}).encode()
    [still] = house.ask("toycourier", httpx.Request("POST", "http://function/redrive", content=body))
    assert still.json() == {"went_through": False}


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"stream": 1}'])
def test_a_redrive_of_nothing_is_refused(house: Hosts, body: bytes) -> None:
    assert house.post("toytill", "/redrive", body) == 400


# -- the function's own side


class Front:
    """An HTTP function with an edge that tests can use."""

    def __init__(self) -> None:
        self.edge: Edge | None = None
        intake = Intake(("/",), self.app, views=("toytill",), folds=(ORDER, BASKET))
        self.function = Function("toyedge", "orders", (intake,))

    def app(self, edge: Edge) -> Asgi:
        self.edge = edge

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            path = scope["path"]
            if path.startswith("/order/"):
                try:
                    receipt = await edge.submit(order(path.removeprefix("/order/")))
                except Rejection as rejection:
                    await PlainTextResponse(rejection.title, rejection.status)(scope, receive, send)
                    return
                await PlainTextResponse(f"{receipt.duplicate}")(scope, receive, send)
            elif path == "/redrive-elsewhere":
                try:
                    went = await edge.redrive("toytill", "parked/toytill/1")
                except KeyError as error:
                    went = error.args[0]
                await PlainTextResponse(f"{went}")(scope, receive, send)
            else:
                body = await _whole(receive)
                await PlainTextResponse(
                    f"{scope['method']} {path} {scope['query_string'].decode()} {body!r}"
                )(scope, receive, send)

        return answer


async def _whole(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


@pytest.fixture
def front(house: Hosts) -> Hosts:
    made = Front()
    others = [function for function in ALL if function.name != "toyedge"]
    house.toys = Toys(house.toys.adapter, [made.function, *others], store(house))
    return house


def test_every_other_request_is_the_functions_own_as_it_came(front: Hosts) -> None:
    [answer] = front.ask("toyedge", httpx.Request("PUT", "http://function/a%20b/c?d=e&f", content=b"body"))
    assert answer.text == "PUT /a b/c d=e&f b'body'"
    [posted] = front.ask("toyedge", httpx.Request("POST", "http://function/", content=b"x"))
    assert posted.text == "POST /  b'x'", "it reads no events, so nothing is pushed to it"


def test_submissions_at_once_share_appends_and_each_gets_its_receipt(front: Hosts) -> None:
    store(front).pause_s = 0.005
    asked = [httpx.Request("GET", f"http://function/order/p{n}") for n in range(40)]
    answers = front.ask("toyedge", *asked, *asked)
    assert sorted(answer.text for answer in answers) == ["False"] * 40 + ["True"] * 40
    assert store(front).appends < 40


@pytest.mark.parametrize(
    ("failure", "status"), [(TimeoutError("away"), 503), (TooLarge("much"), 413), (ValueError("bug"), 500)]
)
def test_what_cannot_be_kept_is_refused_as_on_a_node(front: Hosts, failure: Exception, status: int) -> None:
    store(front).fails = failure
    [answer] = front.ask("toyedge", httpx.Request("GET", "http://function/order/ann"))
    assert answer.status_code == status


def test_a_function_without_a_side_of_its_own_says_that_it_is_there(house: Hosts) -> None:
    answers = house.ask(
        "toytill",
        *(httpx.Request("GET", f"http://function{path}") for path in ("/healthz", "/", "/tick", "/nowhere")),
    )
    assert [answer.status_code for answer in answers] == [200, 404, 404, 404]


def test_a_dead_letter_of_another_process_is_redriven_there(front: Hosts) -> None:
    def answered(asked: Asked) -> Answer:
        assert (asked.method, asked.path, json.loads(asked.body)) == (
            "POST",
            "/redrive",
            {"stream": "parked/toytill/1"},
        )
        return Answer(200, {"content-type": "application/json"}, [b'{"went_through": true}'])

    [nowhere] = front.ask("toyedge", httpx.Request("GET", "http://function/redrive-elsewhere"))
    assert "HOUSE_URLS" in nowhere.text
    with Loopback(answered) as server:
        front.urls["toytill"] = server.url
        [answer] = front.ask("toyedge", httpx.Request("GET", "http://function/redrive-elsewhere"))
    assert answer.text == "True"

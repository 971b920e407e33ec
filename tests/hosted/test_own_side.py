"""What an HTTP function in a host of its own answers, and how it reaches the others."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from shared.ports.store import TooLarge
from shared.runtime.edge import Edge, Rejection
from shared.runtime.shapes import Asgi, Function, Intake
from tests.engine.toys import ALL, BASKET, ORDER, Toys, order
from tests.hosted.failing import store
from tests.hosted.hosting import Hosts
from tests.loopback import Answer, Asked, Loopback, in_json


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
                body = await Request(scope, receive).body()
                await PlainTextResponse(
                    f"{scope['method']} {path} {scope['query_string'].decode()} {body!r}"
                )(scope, receive, send)

        return answer


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
        return in_json({"went_through": True})

    [nowhere] = front.ask("toyedge", httpx.Request("GET", "http://function/redrive-elsewhere"))
    assert "HOUSE_URLS" in nowhere.text
    with Loopback(answered) as server:
        front.urls["toytill"] = server.url
        [answer] = front.ask("toyedge", httpx.Request("GET", "http://function/redrive-elsewhere"))
    assert answer.text == "True"

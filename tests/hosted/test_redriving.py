"""Dead letters of functions in hosts of their own, redriven over HTTP."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.engine.toys import charge, till
from tests.hosted.hosting import Hosts, hosts, told


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

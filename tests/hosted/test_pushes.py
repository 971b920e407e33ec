"""Events pushed over HTTP to functions in hosts of their own: handled, refused, or to come again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from shared.domain.event import Recorded, upcast
from shared.ports.store import Conflict
from shared.runtime.callers import Callers
from tests.engine.toys import Ordered
from tests.hosted.failing import store
from tests.hosted.hosting import Hosts, eventarc, told, unwrapped, wrapped
from tests.hosted.test_callers import asking, token

OLD = "house.toyedge.ordered.v0"
upcast(OLD, Ordered, lambda old: {"who": old["name"]})


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

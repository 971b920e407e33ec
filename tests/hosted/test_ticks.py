"""What a function in a host of its own does when it is ticked, or asked to draw."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from functions.gateway.folds import TOKEN
from shared.adapters.memory import MemorySecrets
from shared.domain.instants import SECOND_US
from shared.runtime import hosted, patience
from shared.runtime.shapes import Function, Intake
from tests.contracts.stores import Adapter
from tests.engine.toys import TILL, Toys
from tests.given import NOW_US
from tests.hosted.failing import Deaf, Trouble, bus, count
from tests.hosted.hosting import Hosts, told


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


def test_an_operators_token_that_cannot_be_kept_yet_is_a_timeout_of_the_tick(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not a bug: the tick comes again."""
    trouble = Trouble()
    door = Function("door", "requests", (Intake(("/",), lambda _: nobody, folds=(TOKEN,)),), ("operator",))
    toys = Toys(Adapter(trouble, Deaf(), trouble, grouped=False), [door], trouble)
    lets_in = hosted.Hosted(door, toys.ports, MemorySecrets({"operator": b"hse_first"}), toys.gateways, 0.0)
    trouble.fails = TimeoutError("away")
    for _ in range(2):
        with pytest.raises(TimeoutError, match="away"):
            asyncio.run(lets_in.tidy())
    trouble.fails = None
    asyncio.run(lets_in.tidy())
    assert [event.type for event in toys.everything()] == ["house.gateway.token-issued.v1"]
    assert capsys.readouterr().err == ""


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """No request comes to this door."""

"""Errands of one function stand by themselves: what one of them meets stops no other."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from shared.domain.event import Event, Input, Recorded, Scheduled, event
from shared.runtime.errander import Errander
from shared.runtime.errands import act, conclude, redrive, scheduled
from shared.runtime.happening import of
from shared.runtime.hosted import Hosted
from shared.runtime.shapes import Errand, Fold, Function, Gateways
from tests.engine.toys import ALL, Charged, Toys

SECRETS: Any = None
"""The toys ask for none."""


@event("house.toypost.rung.v1")
class Rung(Event, frozen=True):
    bell: str


class Bells:
    """A function with two scheduled errands, and two that read the same event; each may be made to fail."""

    def __init__(self) -> None:
        self.failing: dict[str, Exception] = {}
        self.slots = [self._errand(name, (Scheduled,), lambda _: None, 60) for name in ("north", "south")]
        self.told = [self._errand(name, (Charged,), lambda body: body.who, None) for name in ("east", "west")]
        self.function = Function("toypost", "bells", (*self.slots, *self.told))

    def _errand(
        self, name: str, reads: tuple[type[Event], ...], who: Any, every_s: int | None
    ) -> Errand[Any]:
        async def ring(_: tuple[str, ...], arrived: Input, gateways: Gateways) -> Sequence[Event]:
            if name in self.failing:
                raise self.failing[name]
            return [Rung(name)]

        def streams(arrived: Input) -> tuple[str, ...]:
            return (f"{name}/{who(arrived.body) or 'tower'}",)

        fold: Fold[Any] = Fold(name, tuple[str, ...], (), lambda rung, happened: (*rung, happened.bell))
        return Errand(fold, reads, streams, ring, every_s)


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
def belfry(toys: Toys, bells: Bells) -> Toys:
    return Toys(toys.adapter, [*ALL, bells.function])


def minute(belfry: Toys) -> list[Recorded]:
    """The slots of this minute."""
    shell, rung = belfry["toypost"], []
    for slot in scheduled(shell, belfry.clock.now_us()):
        rung += conclude(shell, [asyncio.run(act(shell, slot, belfry.gateways))])
    belfry.clock.move(60_000_000)
    return rung


def told(belfry: Toys) -> list[Recorded]:
    """What comes of the event that waits."""
    shell = belfry["toypost"]
    [waiting] = belfry.ports.bus.pull("toypost", shell.reads, 10)
    return conclude(shell, [asyncio.run(act(shell, of(waiting), belfry.gateways))], [waiting])


def of_type(events: Sequence[Recorded]) -> list[str]:
    return [recorded.stream for recorded in events if recorded.type.endswith("rung.v1")]


@pytest.mark.parametrize("failing", ["north", "south"])
def test_one_errands_bug_leaves_the_other_errands_slot(belfry: Toys, bells: Bells, failing: str) -> None:
    bells.failing[failing] = RuntimeError("a crack")
    other = "south" if failing == "north" else "north"
    assert of_type(minute(belfry)) == [f"{other}/tower"]
    [letter] = belfry.letters("toypost")
    assert "a crack" in letter.error
    assert of_type(minute(belfry)) == [f"{other}/tower"]
    bells.failing.clear()
    assert sorted(of_type(minute(belfry))) == ["north/tower", "south/tower"]


def test_a_parked_slot_is_driven_again_for_its_own_errand_alone(belfry: Toys, bells: Bells) -> None:
    bells.failing["south"] = RuntimeError("a crack")
    minute(belfry)
    bells.failing.clear()
    [letter] = belfry.letters("toypost")
    assert asyncio.run(redrive(belfry["toypost"], f"parked/toypost/{letter.input_id}", belfry.gateways))
    assert [belfry.state("toypost", f"{name}/tower") for name in ("north", "south")] == [
        ("north",),
        ("south",),
    ]


def test_a_slot_that_comes_again_rings_once(belfry: Toys, bells: Bells) -> None:
    shell = belfry["toypost"]
    slots = scheduled(shell, belfry.clock.now_us())
    assert len({slot.id for slot in slots}) == 2
    assert slots == scheduled(shell, belfry.clock.now_us())
    twice = [conclude(shell, [asyncio.run(act(shell, slot, belfry.gateways))]) for slot in (*slots, *slots)]
    assert [len(rung) for rung in twice] == [1, 1, 0, 0]


def test_of_errands_that_read_the_same_event_one_may_fail(belfry: Toys, bells: Bells) -> None:
    bells.failing["east"] = RuntimeError("a crack")
    belfry.order("ann")
    belfry.handle("toytill")
    assert of_type(told(belfry)) == ["west/ann"]
    [letter] = belfry.letters("toypost")
    name = f"parked/toypost/{letter.input_id}"
    assert not asyncio.run(redrive(belfry["toypost"], name, belfry.gateways))
    bells.failing.clear()
    assert asyncio.run(redrive(belfry["toypost"], name, belfry.gateways))
    assert [belfry.state("toypost", f"{name}/ann") for name in ("east", "west")] == [("east",), ("west",)]
    assert belfry.letters("toypost") == []


def test_that_both_failed_is_told(belfry: Toys, bells: Bells) -> None:
    bells.failing |= {"east": RuntimeError("a crack"), "west": ValueError("no rope")}
    belfry.order("ann")
    belfry.handle("toytill")
    assert of_type(told(belfry)) == []
    [letter] = belfry.letters("toypost")
    assert "2 errands failed" in letter.error
    assert "a crack" in letter.stack
    assert "no rope" in letter.stack


class Meanwhile:
    """A worker that has nothing else to do."""

    def run(self, job: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(job())
        except Exception as error:
            done.set_exception(error)
        return done


@pytest.mark.parametrize("failing", ["north", "south"])
def test_a_gateway_that_is_away_for_one_errand_holds_up_no_other(
    belfry: Toys, bells: Bells, failing: str
) -> None:
    bells.failing[failing] = TimeoutError("away")
    other = "south" if failing == "north" else "north"
    worker: Any = Meanwhile()
    errander = Errander([belfry["toypost"]], worker, belfry.gateways)
    errander.start()
    try:
        for _ in range(200):
            if belfry.state("toypost", f"{other}/tower"):
                break
            threading.Event().wait(0.02)
        assert belfry.state("toypost", f"{other}/tower") == (other,)
        assert belfry.state("toypost", f"{failing}/tower") == ()
        bells.failing.clear()
        for _ in range(200):
            if belfry.state("toypost", f"{failing}/tower"):
                break
            threading.Event().wait(0.02)
    finally:
        errander.stop(5)
    assert belfry.state("toypost", f"{failing}/tower") == (failing,)
    assert belfry.state("toypost", f"{other}/tower") == (other,)


def test_a_function_in_a_process_of_its_own_does_the_same(belfry: Toys, bells: Bells) -> None:
    bells.failing["north"] = TimeoutError("away")
    hosted = Hosted(bells.function, belfry.ports, SECRETS, belfry.gateways, 0.0)
    with pytest.raises(TimeoutError, match="away"):
        asyncio.run(hosted.errand())
    assert belfry.state("toypost", "south/tower") == ("south",)
    bells.failing.clear()
    asyncio.run(hosted.errand())
    assert [belfry.state("toypost", f"{name}/tower") for name in ("north", "south")] == [
        ("north",),
        ("south",),
    ]

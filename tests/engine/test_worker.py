"""The worker: one commit for many, no answer before it, and an orderly end."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.ids import uuid5
from shared.ports.store import STATE_SIZE_BYTES_MAX
from shared.runtime import worker as settings
from shared.runtime.edge import Receipt, Rejection, Submission
from shared.runtime.worker import Worker
from tests.contracts.stores import sqlite
from tests.engine.toys import ALL, Ordered, Toys, order
from tests.given import NOW_US


class Frail:
    """The embedded store; its groups can be made to fail, its bus to bring nothing to one function."""

    def __init__(self, behind: Any) -> None:
        self._behind, self.failing, self.silent = behind, 0, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def group(self) -> Any:
        if self.failing:
            self.failing -= 1
            raise TimeoutError("the disk is slow")
        return self._behind.group()

    def pull(self, function: str, types: frozenset[str], limit: int) -> Any:
        return [] if function == self.silent else self._behind.pull(function, types, limit)


class House(Toys):
    """The toys behind a worker, without errands."""

    def __init__(self, folder: Path) -> None:
        adapter = sqlite(folder)
        self.frail = Frail(adapter.store)
        frail: Any = self.frail
        super().__init__(adapter, ALL[:-1], store=frail, bus=frail)
        self.worker = Worker(list(self.shells.values()), self.ports)

    def submit(self, *submissions: Submission, seconds: float = 5) -> list[Receipt | BaseException]:
        """All at once, on one event loop."""

        async def ask() -> list[Receipt | BaseException]:
            asked = (self.worker.submit(self["toyedge"], submission) for submission in submissions)
            return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), seconds)

        return asyncio.run(ask())

    def until(self, count: int) -> None:
        """Wait until so many events are in the log."""
        ends = time.monotonic() + 5
        while self.log.head() < count and time.monotonic() < ends:
            time.sleep(0.01)
        assert self.log.head() == count


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.worker.stop(5)


def test_an_answer_is_given_when_it_is_durable(house: House) -> None:
    house.worker.start()
    [receipt] = house.submit(order("ann"))
    assert isinstance(receipt, Receipt)
    assert house.adapter.store.read(receipt.events[0].stream)[0].id == receipt.events[0].id


def test_everything_submitted_is_handled(house: House) -> None:
    house.worker.start()
    receipts = house.submit(*(order(f"dev{n}", "twice") for n in range(40)))
    assert all(isinstance(receipt, Receipt) for receipt in receipts)
    house.until(40 * 7)


def test_too_much_at_once_is_refused_with_429(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SUBMISSIONS_MAX", 5)

    async def ask() -> list[Any]:
        asked = [
            asyncio.create_task(house.worker.submit(house["toyedge"], order(f"dev{n}"))) for n in range(8)
        ]
        await asyncio.sleep(0)
        house.worker.start()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(ask())
    refused = [answer for answer in answers if isinstance(answer, Rejection)]
    assert [(refusal.status, refusal.retry_after_s) for refusal in refused] == [(429, 1)] * 3
    assert house.log.head() >= 5
    assert {event.stream for event in house.everything() if event.function == "toyedge"} == {
        answer.events[0].stream for answer in answers if isinstance(answer, Receipt)
    }


def test_bodies_that_wait_have_a_limit_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SUBMISSION_BYTES_MAX", 10)
    house.worker.start()
    large = order("ann")
    [answer] = house.submit(Submission(large.input_id, large.correlation, NOW_US, large.events, b"x" * 11))
    assert isinstance(answer, Rejection)
    assert answer.status == 429


def test_a_node_that_stops_takes_nothing_new_and_finishes_what_it_took(house: House) -> None:
    async def ask() -> list[Any]:
        asked = [
            asyncio.create_task(house.worker.submit(house["toyedge"], order(f"dev{n}"))) for n in range(300)
        ]
        await asyncio.sleep(0)
        house.worker.start()
        stopping = asyncio.create_task(asyncio.to_thread(house.worker.stop, 5.0))
        await asyncio.gather(*asked, return_exceptions=True)
        await stopping
        late = asyncio.create_task(house.worker.submit(house["toyedge"], order("late")))
        return await asyncio.gather(*asked, late, return_exceptions=True)

    *answers, late = asyncio.run(ask())
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert isinstance(late, Rejection)
    assert late.status == 503
    assert len([event for event in house.everything() if event.function == "toyedge"]) == 300


def test_a_group_that_cannot_be_kept_is_answered_with_503_and_leaves_nothing(house: House) -> None:
    house.frail.failing = 1
    house.worker.start()
    while house.frail.failing:
        time.sleep(0.01)
    house.frail.failing = 1
    [answer] = house.submit(order("ann"))
    while house.worker.troubles():
        time.sleep(0.01)
    if isinstance(answer, Receipt):
        pytest.fail("the group failed")
    assert isinstance(answer, Rejection)
    assert answer.status == 503
    assert house.log.head() == 0
    [receipt] = house.submit(order("ann"))
    assert isinstance(receipt, Receipt)


def test_one_request_that_cannot_be_kept_costs_the_others_nothing(house: House) -> None:
    large = order("ann", "x" * STATE_SIZE_BYTES_MAX)
    key, journey = uuid5("request", "key"), uuid5("journey", "key")
    baskets = [Submission(key, journey, NOW_US, ((f"basket/{n}", Ordered("ann")),)) for n in (1, 2)]

    async def ask() -> list[Any]:
        submissions = [order("bob"), large, *baskets, order("cyd")]
        asked = [asyncio.create_task(house.worker.submit(house["toyedge"], one)) for one in submissions]
        await asyncio.sleep(0)
        house.worker.start()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(ask())
    statuses = [answer.status if isinstance(answer, Rejection) else 202 for answer in answers]
    assert statuses == [202, 413, 202, 409, 202]


def test_readiness_is_red_with_the_reason_while_turns_fail(house: House) -> None:
    house.frail.failing = 4
    house.worker.start()
    ends = time.monotonic() + 5
    while not house.worker.troubles() and time.monotonic() < ends:
        time.sleep(0.005)
    assert "the disk is slow" in house.worker.troubles()[0].reason
    while house.worker.troubles() and time.monotonic() < ends:
        time.sleep(0.01)
    assert house.worker.troubles() == []


def test_readiness_is_red_when_a_function_stops(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STALLED_S", 0.2)
    house.worker.start()
    assert house.worker.troubles() == []
    house["toytill"].handle = lambda events: []  # type: ignore[method-assign]  # a function that is stuck
    house.submit(order("ann"))
    house.worker.troubles()
    time.sleep(0.3)
    assert [trouble.function for trouble in house.worker.troubles()] == ["toytill"]


def test_a_window_does_not_close_while_input_for_it_is_unread(house: House) -> None:
    """The order that would move the due time is on its way when the clock passes it."""
    house.worker.start()
    house.submit(order("ann", f"later {NOW_US + 5_000_000}"))
    house.until(4)
    house["toytill"].handle = lambda events: []  # type: ignore[method-assign]  # it is slow to read
    house.submit(order("ann", f"later {NOW_US + 60_000_000}", at_us=NOW_US + 4_000_000))
    house.clock.move(10_000_000)
    time.sleep(0.8)
    assert not [event for event in house.everything() if event.type == "house.toytill.reminded.v1"]
    del house["toytill"].handle
    house.until(8)
    time.sleep(0.6)
    assert not [event for event in house.everything() if event.type == "house.toytill.reminded.v1"]
    house.clock.move(60_000_000)
    house.until(9)
    assert house.everything()[-1].type == "house.toytill.reminded.v1"


def test_a_draw_runs_once_a_slot(house: House) -> None:
    house.worker.start()
    house.submit(*(order(who, "company") for who in ("ann", "bob", "cyd", "dan")))
    undrawn = 4 + 4 + 4 + 8
    house.until(undrawn)
    house.clock.move(10_000_000)
    house.until(undrawn + 3)
    time.sleep(0.6)
    assert house.log.head() == undrawn + 3
    house.clock.move(10_000_000)
    house.until(undrawn + 6)


def test_a_job_runs_in_a_group_and_its_errors_are_its_own(house: House) -> None:
    house.worker.start()
    assert house.worker.run(lambda: 7).result(5) == 7
    failed = house.worker.run(lambda: house["missing"])
    with pytest.raises(KeyError):
        failed.result(5)
    assert house.worker.troubles() == []


def test_a_cancelled_job_is_not_run(house: House) -> None:
    ran: list[int] = []
    future = house.worker.run(lambda: ran.append(1))
    future.cancel()
    house.worker.start()
    assert house.worker.run(lambda: 7).result(5) == 7
    assert ran == []
    assert house.worker.troubles() == []

"""Lanes: what waits together is done together, and everyone gets their own answer."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from shared.runtime.lanes import Full, Lanes

T = TypeVar("T")


def run(waiting: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(waiting, 10))


def double(items: Sequence[int]) -> list[int | Exception]:
    return [item * 2 for item in items]


def test_each_gets_what_came_of_its_own() -> None:
    async def many() -> list[int]:
        lanes: Lanes[int, int] = Lanes("double", double, lanes=3, together=4, waiting_max=100)
        return await asyncio.gather(*(lanes.submit(n) for n in range(50)))

    assert run(many()) == [n * 2 for n in range(50)]


def test_what_waits_while_a_lane_is_busy_goes_together_up_to_the_limit() -> None:
    sizes: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(items))
        begun.set()
        go.wait(5)
        return double(items)

    async def several() -> None:
        lanes: Lanes[int, int] = Lanes("slow", work, lanes=1, together=4, waiting_max=100)
        first = asyncio.ensure_future(lanes.submit(0))
        await asyncio.to_thread(begun.wait, 5)
        rest = [asyncio.ensure_future(lanes.submit(n)) for n in range(1, 7)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(first, *rest)

    run(several())
    assert sizes == [1, 4, 2]


def test_an_exception_is_everybodys_and_a_given_one_is_its_owners() -> None:
    def work(items: Sequence[int]) -> list[int | Exception]:
        if 13 in items:
            raise TimeoutError("away")
        return [ValueError("odd") if item % 2 else item for item in items]

    async def ask() -> list[Any]:
        lanes: Lanes[int, int] = Lanes("some", work, lanes=1, together=4, waiting_max=100)
        odd, even = await asyncio.gather(lanes.submit(1), lanes.submit(2), return_exceptions=True)
        [unlucky] = await asyncio.gather(lanes.submit(13), return_exceptions=True)
        return [odd, even, unlucky, await lanes.submit(4)]

    odd, even, unlucky, later = run(ask())
    assert isinstance(odd, ValueError)
    assert isinstance(unlucky, TimeoutError)
    assert (even, later) == (2, 4)


def test_more_than_the_limit_is_refused_and_who_gives_up_holds_up_nobody() -> None:
    go = threading.Event()

    def work(items: Sequence[int]) -> list[int | Exception]:
        go.wait(5)
        return double(items)

    async def ask() -> int:
        lanes: Lanes[int, int] = Lanes("full", work, lanes=1, together=1, waiting_max=2)
        first = asyncio.ensure_future(lanes.submit(1))
        await asyncio.sleep(0.05)
        waiting = [asyncio.ensure_future(lanes.submit(n)) for n in (2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(Full):
            await lanes.submit(4)
        waiting[0].cancel()
        go.set()
        await first
        return await waiting[1]

    assert run(ask()) == 6

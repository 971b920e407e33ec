"""Lanes: a few threads that take whatever waits, together, so that many requests share one append.

While nothing waits a request goes through at once and alone; the busier it gets, the more of them share a write.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_Waiting = tuple[T, "asyncio.Future[R]"]


class Full(Exception):
    """More is waiting than could be done in time."""


class Lanes(Generic[T, R]):
    """`work` does up to `together` items at once and gives an outcome for each; an exception is everybody's.

    `submit` is for event loops. The threads are started by the first item and do not keep the process alive.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[T]], Sequence[R | Exception]],
        *,
        lanes: int,
        together: int,
        waiting_max: int,
    ) -> None:
        self._name, self._work = name, work
        self._lanes, self._together, self._waiting_max = lanes, together, waiting_max
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._something = threading.Condition()
        self._started = False

    async def submit(self, item: T) -> R:
        """What came of `item`.

        Raises:
            Full: too much is waiting already.
            Exception: whatever `work` raised, or gave for it.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        with self._something:
            if len(self._waiting) >= self._waiting_max:
                raise Full(f"{self._name}: {self._waiting_max} are waiting")
            if not self._started:
                self._start()
            self._waiting.append((item, answer))
            self._something.notify()
        return await answer

    def _start(self) -> None:
        self._started = True
        for number in range(self._lanes):
            threading.Thread(target=self._live, name=f"{self._name}-{number}", daemon=True).start()

    def _live(self) -> None:
        while True:
            with self._something:
                while not self._waiting:
                    self._something.wait()
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._together))]
            outcomes: Sequence[R | Exception]
            try:
                outcomes = self._work([item for item, _ in taken])
            except Exception as error:
                outcomes = [error] * len(taken)
            for (_, answer), outcome in zip(taken, outcomes, strict=True):
                answer.get_loop().call_soon_threadsafe(_resolve, answer, outcome)


def _resolve(answer: asyncio.Future[R], outcome: R | Exception) -> None:
    if answer.done():
        return  # Whoever asked has gone.
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)

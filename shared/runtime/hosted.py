"""Hosted: what drives one function in a process of its own, which lives from request to request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, TypeVar

from shared.domain.event import Recorded
from shared.domain.instants import SECOND_US
from shared.ports.secrets import Secrets
from shared.ports.store import Conflict
from shared.runtime import errands, raw
from shared.runtime.acceptance import accept, away, operator
from shared.runtime.draws import draw
from shared.runtime.edge import Receipt, Rejection, Submission, Trouble
from shared.runtime.happening import Happening, of
from shared.runtime.lanes import Full, Lanes
from shared.runtime.patience import Patience, each
from shared.runtime.shapes import Function, Gateways
from shared.runtime.shell import Ports, Shell

LANES, TOGETHER_MAX, WAITING_MAX = 4, 64, 256
"""More lanes wait for more commits at once; more together share one, and lose more races for a busy stream."""
ROUNDS_MAX = 20
ERRANDS_AT_ONCE = 8
CLEAN_EVERY_US = 3_600 * SECOND_US
OPERATOR = "operator"
"""The secret that is an operator's first token, for the function that declares it."""
T = TypeVar("T")


class Hosted:
    """One function's shell and what drives it. Events that are on their way for longer than `lateness_s` are late."""

    def __init__(
        self, function: Function, ports: Ports, secrets: Secrets, gateways: Gateways, lateness_s: float
    ) -> None:
        self.function, self.secrets, self.gateways = function, secrets, gateways
        self.shell = Shell(function, ports)
        self._lateness_us = round(lateness_s * SECOND_US)
        self._patience, self._ticking = Patience(function.name), Patience(function.name)
        self._accepting: Lanes[Submission, Receipt] = Lanes(
            "accept", self._accept, lanes=LANES, together=TOGETHER_MAX, waiting_max=WAITING_MAX
        )
        self._handling: Lanes[Recorded, None] = Lanes(
            "handle", self._handle, lanes=LANES, together=TOGETHER_MAX, waiting_max=WAITING_MAX
        )
        self._cleaned_us = 0

    # -- requests

    async def submit(self, submission: Submission) -> Receipt:
        """Append, together with what others submit meanwhile, and publish.

        Raises:
            Rejection: what the shell answered; 429 when too much is waiting, 503 when the store is away.
        """
        try:
            return await self._accepting.submit(submission)
        except Full:
            detail = "there is more in hand than can be kept up with"
            raise Rejection(429, "Too many requests", detail, retry_after_s=1) from None
        except TimeoutError as error:
            self._patience.failed(error)
            raise away() from error

    def _accept(self, submissions: Sequence[Submission]) -> Sequence[Receipt | Exception]:
        receipts = accept(self.shell, submissions)
        self._patience.succeeded()
        return receipts

    def troubles(self) -> list[Trouble]:
        """Why this function makes no progress; what others suffer from is in their logs."""
        reasons = dict.fromkeys((self._patience.reason, self._ticking.reason))
        return [Trouble(self.function.name, reason) for reason in reasons if reason is not None]

    # -- events

    async def handle(self, event: Recorded) -> None:
        """Handle one event, together with what others bring meanwhile. On return what came of it is durable.

        Raises:
            Full: too much is waiting already.
            TimeoutError: the store, the bus or a gateway is away: it is to be given again.
        """
        if not self.shell.concerns(event.type):
            return
        try:
            if self.function.errands:
                await self._run(of(event), (event,))
            else:
                await self._handling.submit(event)
        except TimeoutError as error:
            self._patience.failed(error)
            raise
        self._patience.succeeded()

    def _handle(self, events: Sequence[Recorded]) -> list[None]:
        self.shell.handle(events)
        return [None] * len(events)

    # -- time

    async def tick(self, steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Take every step, also when one before it failed.

        Raises:
            Exception: what the first that failed raised.
        """
        try:
            await each(*steps)
        except TimeoutError as error:
            self._ticking.failed(error)
            raise
        self._ticking.succeeded()

    async def wake(self) -> None:
        """Publish what a crash left, and wake the streams that are due."""
        await asyncio.to_thread(self._wake)

    def _wake(self) -> None:
        _exhaust(self.shell.relay)
        ports = self.shell.ports
        oldest_us = ports.bus.oldest_unread_us(self.function.name, self.shell.reads)
        watermark_us = ports.clock.now_us() - self._lateness_us
        watermark_us = watermark_us if oldest_us is None else min(watermark_us, oldest_us)
        _exhaust(lambda: self.shell.tick(watermark_us))

    async def draw(self) -> None:
        """Run the draws over the states as they stand; where nothing has changed, nothing more comes of them."""
        for shape in self.function.draws:
            await asyncio.to_thread(draw, self.shell, shape, self.shell.ports.clock.now_us())

    async def errand(self) -> None:
        """Run the errands that are due, and those whose slot has come, each also when one before it failed.

        Raises:
            Exception: what the first that failed raised.
        """
        if self.function.errands:
            slots = errands.scheduled(self.shell, self.shell.ports.clock.now_us())
            await each(self._due, *(partial(self._run, slot) for slot in slots))

    async def _due(self) -> None:
        for _ in range(ROUNDS_MAX):
            due = await asyncio.to_thread(self.shell.due, self.shell.ports.clock.now_us())
            if not due:
                break
            await asyncio.gather(*(self._run(happening) for happening in due[:ERRANDS_AT_ONCE]))

    async def tidy(self) -> None:
        """Let raw bodies go after their days, once an hour, and see that an operator can get in."""
        now_us = self.shell.ports.clock.now_us()
        if not self.function.intakes or now_us - self._cleaned_us < CLEAN_EVERY_US:
            return
        ports = self.shell.ports
        await asyncio.to_thread(raw.expire, now_us, ports.store, ports.seals)
        if OPERATOR in self.function.secrets:
            await self._issue_operator_token(now_us)
        self._cleaned_us = now_us

    async def _issue_operator_token(self, now_us: int) -> None:
        first = operator(self.secrets.get(OPERATOR).decode(), now_us)
        [(stream, _)] = first.events
        if await asyncio.to_thread(self.shell.ports.store.state, self.function.name, stream) is None:
            # A tick's failures are told as its own, not as a request's answer.
            await self._accepting.submit(first)

    # -- errands

    async def _run(self, happening: Happening, events: Sequence[Recorded] = ()) -> None:
        """Run what one input asks for; where a stream moved meanwhile, look once more."""
        for _ in range(2):
            outcome = await asyncio.wrap_future(
                self._outside(errands.act(self.shell, happening, self.gateways))
            )
            try:
                await asyncio.to_thread(errands.conclude, self.shell, [outcome], events)
            except Conflict:
                continue
            return
        raise TimeoutError(f"the streams of {happening.stream} keep moving while {self.function.name} is out")

    def _outside(self, errand: Coroutine[Any, Any, T]) -> Future[T]:
        """Run on the errands' own loop: they read the store as they go, which must hold up no request."""
        return asyncio.run_coroutine_threadsafe(errand, self._loop)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="errands", daemon=True).start()
        return loop

    # -- the end

    def leave(self) -> None:
        """Publish what is durable and not sent; while that cannot be, another process does it later."""
        with suppress(TimeoutError):
            _exhaust(self.shell.relay)

    # -- dead letters

    def redrive(self, letter: str) -> bool:
        """Handle a parked input again, from any thread but the server's; whether it went through.

        Raises:
            KeyError: there is no such open dead letter, or its input is gone.
            TimeoutError: the store is away.
        """
        if self.function.errands:
            return self._outside(errands.redrive(self.shell, letter, self.gateways)).result()
        return self.shell.redrive(letter)


def _exhaust(step: Any) -> None:
    """Repeat a step until there is nothing left, or until it has had its share: the next tick goes on."""
    for _ in range(ROUNDS_MAX):
        if not step():
            return

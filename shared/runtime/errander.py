"""The errander: one thread with an event loop that runs the errands of a node beside its worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

from shared.domain.event import Recorded
from shared.ports.store import Conflict
from shared.runtime.errands import act, conclude, redrive, scheduled
from shared.runtime.happening import Happening, of
from shared.runtime.patience import Patience, each
from shared.runtime.shapes import Gateways
from shared.runtime.shell import Shell
from shared.runtime.worker import Worker

AT_ONCE = 8
IDLE_S = 0.25


class Errander:
    """Runs every function that has errands, each in order, several inputs at once."""

    def __init__(self, shells: Sequence[Shell], worker: Worker, gateways: Gateways) -> None:
        self._shells = [shell for shell in shells if shell.function.errands]
        self._worker, self._gateways = worker, gateways
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._slots: dict[str, str] = {}
        self._thread = threading.Thread(target=self._live, name="errander", daemon=True)

    def start(self) -> None:
        """Begin to run errands."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Leave errands that are out; their inputs are unread and come again."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(wait_s)

    def redrive(self, shell: Shell, letter: str) -> bool:
        """Run a parked errand again, from any thread."""

        async def again() -> bool:
            return await redrive(shell, letter, self._gateways)

        return asyncio.run_coroutine_threadsafe(again(), self._loop).result()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._all())

    async def _all(self) -> None:
        tasks = [asyncio.create_task(self._serve(shell)) for shell in self._shells]
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, shell: Shell) -> None:
        patience = Patience(shell.name)
        while True:
            try:
                busy = await self._round(shell)
            except Exception as error:
                await asyncio.sleep(patience.failed(error))
                continue
            patience.succeeded()
            if not busy:
                await asyncio.sleep(IDLE_S)

    async def _round(self, shell: Shell) -> bool:
        """One handful of events, one of what is due, and the slots that have come: none waits for another to go well."""
        steps = (self._events, self._due, self._slots_come)
        return any(await each(*(partial(step, shell) for step in steps)))

    async def _events(self, shell: Shell) -> bool:
        events = shell.ports.bus.pull(shell.name, shell.reads, AT_ONCE) if shell.reads else []
        if events:
            await self._run(shell, [of(event) for event in events], events)
        return bool(events)

    async def _due(self, shell: Shell) -> bool:
        due = shell.due(shell.ports.clock.now_us())[:AT_ONCE]
        if due:
            await self._run(shell, due)
        return bool(due)

    async def _slots_come(self, shell: Shell) -> bool:
        """One errand after the other, as what the first has made, the next may look for."""
        come = scheduled(shell, shell.ports.clock.now_us())
        new = [slot for slot in come if self._slots.get(slot.stream) != slot.id]
        await each(*(partial(self._slot, shell, slot) for slot in new))
        return False

    async def _slot(self, shell: Shell, slot: Happening) -> None:
        await self._run(shell, [slot])
        self._slots[slot.stream] = slot.id

    async def _run(self, shell: Shell, inputs: Sequence[Happening], events: Sequence[Recorded] = ()) -> None:
        """Run a handful at once. Each is recorded as soon as it is done; all are acknowledged together, in order."""
        acts = (self._act(shell, happening) for happening in inputs)
        failures = [done for done in await asyncio.gather(*acts, return_exceptions=True) if done is not None]
        if failures:
            # What is recorded stays recorded: the whole handful comes again and finds it handled.
            raise failures[0]
        if events:
            await self._in_group(lambda: shell.ports.bus.acknowledge(shell.name, events))

    async def _act(self, shell: Shell, happening: Happening) -> None:
        while True:
            outcome = await act(shell, happening, self._gateways)
            try:
                await self._in_group(partial(conclude, shell, [outcome]))
            except Conflict:
                # Another of the handful moved the stream: look again.
                continue
            return

    def _in_group(self, job: Any) -> Awaitable[Any]:
        return asyncio.wrap_future(self._worker.run(job))

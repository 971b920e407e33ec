"""The worker: one thread that writes. Requests, decisions, ticks and draws share its transactions (group commit).

Each turn is one group: what HTTP brought and what waits on the bus is handled, then committed once, and only then
is anyone answered. Errands run elsewhere and hand their outcomes in as jobs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from shared.runtime.acceptance import accept, away
from shared.runtime.draws import draw
from shared.runtime.edge import Receipt, Rejection, Submission, Trouble
from shared.runtime.logs import log, place
from shared.runtime.patience import Patience
from shared.runtime.shell import Ports, Shell

SUBMISSIONS_MAX, SUBMISSION_BYTES_MAX = 4_096, 64 * 1024 * 1024
SUBMISSIONS_PER_GROUP, EVENTS_PER_ROUND, ROUNDS_PER_GROUP = 256, 512, 8
IDLE_S = TICK_S = 0.25
GATHER_S = 0.02
"""While requests wait, events gather for so long before they are handled: together they cost less each."""
STALLED_S = 30.0

_Waiting = tuple[Shell, Submission, "asyncio.Future[Receipt]"]


class Worker:
    """Drives the shells of one node. `submit` is for its event loop, `run` for any thread."""

    def __init__(self, shells: Sequence[Shell], ports: Ports) -> None:
        self._shells, self._ports = shells, ports
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._live, name="worker", daemon=True)
        self._slots: dict[tuple[str, int], int] = {}
        self._ticked_s = self._handled_s = 0.0
        self._turn_s = time.monotonic()
        self._patience = Patience("node")
        self._failures: dict[str, str] = {}
        self._moved_s: dict[str, tuple[int, float]] = {}
        self.appended = threading.Event()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Finish what is in hand and end; whatever was not answered was not accepted."""
        self._stopping = True
        self._wake.set()
        self._thread.join(wait_s)

    async def submit(self, shell: Shell, submission: Submission) -> Receipt:
        """Wait until the submission is durable.

        Raises:
            Rejection: 429 when too much is waiting already, 503 when the store is away or the node stops.
        """
        size_bytes = len(submission.attachment or b"")
        full = (
            len(self._waiting) >= SUBMISSIONS_MAX or self._waiting_bytes + size_bytes > SUBMISSION_BYTES_MAX
        )
        if full:
            raise Rejection(
                429,
                "Too many requests",
                "the node has more in hand than it can keep up with",
                retry_after_s=1,
            )
        if self._stopping:
            raise Rejection(503, "Stopping", "the node is going down", retry_after_s=5)
        self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = self._loop.create_future()
        self._waiting_bytes += size_bytes
        self._waiting.append((shell, submission, answer))
        if not self._wake.is_set():
            self._wake.set()
        return await answer

    def run(self, job: Callable[[], Any]) -> Future[Any]:
        """Run `job` inside a group; its outcome is known when the group is durable. Its errors are its own."""
        future: Future[Any] = Future()
        self._jobs.append((job, future))
        self._wake.set()
        return future

    def troubles(self) -> list[Trouble]:
        """What makes no progress, and why."""
        now_s = time.monotonic()
        found = [Trouble(name, reason) for name, reason in list(self._failures.items())]
        if (reason := self._patience.reason) is not None:
            found.append(Trouble("node", reason))
        if not self._thread.is_alive():
            found.append(Trouble("node", "the worker has ended"))
        elif now_s - self._turn_s > STALLED_S:
            found.append(Trouble("node", f"the worker has been in one turn for {now_s - self._turn_s:.0f} s"))
        for shell in self._shells:
            oldest_us = self._ports.bus.oldest_unread_us(shell.name, shell.reads)
            handled = shell.counts["handled"]
            before, since_s = self._moved_s.get(shell.name, (-1, now_s))
            if oldest_us is None or handled != before:
                self._moved_s[shell.name] = (handled, now_s)
            elif now_s - since_s > STALLED_S:
                found.append(
                    Trouble(
                        shell.name, f"has handled nothing for {now_s - since_s:.0f} s with events waiting"
                    )
                )
        return found

    def _live(self) -> None:
        while not (self._stopping and not self._waiting and not self._jobs):
            self._wake.clear()
            try:
                busy = self._turn()
            except Exception as error:
                # Nothing of this turn was committed, and readyz is red until a turn succeeds.
                self._wake.wait(self._patience.failed(error))
                continue
            self._patience.succeeded()
            if not busy and not self._waiting and not self._jobs and not self._stopping:
                self._wake.wait(IDLE_S)

    def _turn(self) -> bool:
        self._turn_s = time.monotonic()
        taken = self._take()
        waiting = [self._jobs.popleft() for _ in range(len(self._jobs))]
        # An errander that is stopping cancels what it waits for.
        jobs = [(job, future) for job, future in waiting if future.set_running_or_notify_cancel()]
        receipts: list[tuple[_Waiting, Receipt | Rejection]] = []
        done: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            with self._ports.store.group():
                receipts = self._accept(taken)
                done = [self._attempt(job, future) for job, future in jobs]
                gathering = self._waiting and self._turn_s - self._handled_s < GATHER_S
                handled = 0 if gathering else self._handle()
                moved = self._scheduled() if self._turn_s - self._ticked_s >= TICK_S else 0
        except BaseException as error:
            self._answer([(item, away()) for item in taken])
            for _, future in jobs:
                future.set_exception(TimeoutError(f"the group failed: {error}"))
            raise
        self._answer(receipts)
        for future, result, failure in done:
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)
        busy = bool(taken or jobs or handled or moved)
        if busy:
            self.appended.set()
        return busy

    def _take(self) -> list[_Waiting]:
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), SUBMISSIONS_PER_GROUP))]
        self._waiting_bytes -= sum(len(submission.attachment or b"") for _, submission, _ in taken)
        return taken

    def _accept(self, taken: Sequence[_Waiting]) -> list[tuple[_Waiting, Receipt | Rejection]]:
        by_shell: dict[int, list[_Waiting]] = {}
        for item in taken:
            by_shell.setdefault(id(item[0]), []).append(item)
        answers: list[tuple[_Waiting, Receipt | Rejection]] = []
        for items in by_shell.values():
            found = accept(items[0][0], [submission for _, submission, _ in items])
            answers.extend(zip(items, found, strict=True))
        return answers

    def _attempt(
        self, job: Callable[[], Any], future: Future[Any]
    ) -> tuple[Future[Any], Any, Exception | None]:
        try:
            return future, job(), None
        except TimeoutError:
            raise
        except Exception as error:
            return future, None, error

    def _handle(self) -> int:
        """What waits on the bus. Large groups are cheap, but whoever asks meanwhile waits for one round only."""
        self._handled_s = self._turn_s
        handled = 0
        for _ in range(ROUNDS_PER_GROUP):
            moved = sum(self._round(shell) for shell in self._shells if not shell.function.errands)
            handled += moved
            if not moved or self._waiting or self._jobs:
                break
        return handled

    def _round(self, shell: Shell) -> int:
        events = self._ports.bus.pull(shell.name, shell.reads, EVENTS_PER_ROUND)
        if events:
            shell.handle(events)
        return len(events)

    def _scheduled(self) -> int:
        """Ticks by watermark, draws by slot."""
        self._ticked_s = self._turn_s
        now_us = self._ports.clock.now_us()
        oldest = {
            shell.name: self._ports.bus.oldest_unread_us(shell.name, shell.reads) for shell in self._shells
        }
        moved = 0
        for shell in self._shells:
            moved += shell.relay()
            waiting = [us for name in upstream(shell, self._shells) if (us := oldest[name]) is not None]
            moved += shell.tick(min([now_us, *waiting]))
            for number, shape in enumerate(shell.function.draws):
                slot = now_us // (shape.every_s * 1_000_000)
                if self._slots.get((shell.name, number)) == slot:
                    continue
                self._slots[shell.name, number] = slot
                try:
                    moved += draw(shell, shape, slot * shape.every_s * 1_000_000)
                    self._failures.pop(shell.name, None)
                except TimeoutError:
                    raise
                except Exception as error:
                    self._failures[shell.name] = f"its draw failed: {place(error)}"
                    log("bug", "draw failed", shell.name, error=place(error))
        return moved

    def _answer(self, answers: Sequence[tuple[_Waiting, Receipt | Rejection]]) -> None:
        if not answers or self._loop is None:
            return

        def resolve() -> None:
            for (_, _, future), answer in answers:
                if future.done():
                    continue
                if isinstance(answer, Receipt):
                    future.set_result(answer)
                else:
                    future.set_exception(answer)

        self._loop.call_soon_threadsafe(resolve)


def upstream(shell: Shell, shells: Sequence[Shell]) -> set[str]:
    """The deciders whose unread events may still bring input to `shell`, itself included.

    Errands are left out: what they observe is complete whenever they say so, and a slow site must hold no window.
    """
    by_name = {other.name: other for other in shells if not other.function.errands}
    found: set[str] = set()
    ahead = [shell.name]
    while ahead:
        name = ahead.pop()
        if name in found or name not in by_name:
            continue
        found.add(name)
        ahead.extend(kind.split(".", 2)[1] for kind in by_name[name].reads)
    return found

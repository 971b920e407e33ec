"""Patience: what to do after a failure that is not an input's own (DESIGN section 3, rule 7).

A timeout is retried with capped exponential backoff and jitter and said once, when it is overdue. Anything else is a
bug of the engine: it is said at once, once, and retried all the same, so that nothing is skipped silently.
"""

import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.runtime.logs import Kind, log, place

FIRST_S, LONGEST_S, OVERDUE_S = 0.05, 10.0, 60.0
T = TypeVar("T")


async def each(*steps: Callable[[], Awaitable[T]]) -> list[T]:
    """What came of every step, in order; each is taken, also when one before it failed.

    Raises:
        Exception: what the first that failed raised.
    """
    done: list[T] = []
    failures: list[Exception] = []
    for step in steps:
        try:
            done.append(await step())
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return done


class Patience:
    """The failures in a row of one driver."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.succeeded()

    def succeeded(self) -> None:
        """Forget the failures."""
        self.reason: str | None = None
        self._next_s = FIRST_S
        self._since_s: float | None = None
        self._said: str | None = None

    def failed(self, error: Exception) -> float:
        """Note a failure; how many seconds to wait before the next attempt."""
        now_s = time.monotonic()
        self._since_s = self._since_s or now_s
        # What a timeout says is the House's own text.
        self.reason = f"TimeoutError: {error}" if isinstance(error, TimeoutError) else place(error)
        if not isinstance(error, TimeoutError):
            self._say("bug", "failed", self.reason)
        elif now_s - self._since_s > OVERDUE_S:
            self._say("overdue", f"no success for {OVERDUE_S:.0f} s", self.reason)
        wait_s = self._next_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        self._next_s = min(LONGEST_S, self._next_s * 2)
        return wait_s

    def _say(self, kind: Kind, message: str, reason: str) -> None:
        if self._said != reason:
            self._said = reason
            log(kind, message, self._name, error=reason)

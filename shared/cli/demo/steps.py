"""Steps: the demo as a numbered account, each step with its link, its time and its limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO, TypeVar

from shared.cli.failures import Failure

T = TypeVar("T")

POLL_S = 0.1
DOT_S = 1.0


class StepFailed(Failure):
    """The named step did not come out as it should."""


@dataclass
class Step:
    """One step while it is played. `happened` are its lines; `link` is where to look."""

    number: int
    title: str
    deadline: float
    dots: TextIO
    happened: list[str] = field(default_factory=list)
    link: str | None = None

    def say(self, line: str) -> None:
        """Add one line to what happened."""
        self.happened.append(line)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Go on only when `holds`.

        Raises:
            StepFailed: it does not; `otherwise` says what was found.
        """
        if not holds:
            raise StepFailed(otherwise)

    def until(self, probe: Callable[[], T | None], what: str) -> T:
        """What `probe` finds, asked every tenth of a second until it finds something.

        Raises:
            StepFailed: the step's time passed without `what`.
        """
        dotted = time.monotonic()
        while True:
            found = probe()
            if found:
                return found
            now = time.monotonic()
            if now > self.deadline:
                raise StepFailed(f"waited in vain for {what}")
            if now - dotted > DOT_S:
                dotted = now
                print(".", end="", file=self.dots, flush=True)
            time.sleep(POLL_S)


@dataclass(frozen=True)
class Told:
    """One step that held."""

    number: int
    title: str
    happened: tuple[str, ...]
    link: str | None
    elapsed_s: float


class Account:
    """The steps so far, told to `out` as they happen."""

    def __init__(self, out: TextIO) -> None:
        self.told: list[Told] = []
        self._out = out

    @contextmanager
    def step(self, title: str, timeout_s: float) -> Iterator[Step]:
        """Play one step, which may take `timeout_s`.

        Raises:
            StepFailed: with the step's number and title, when it did not hold.
        """
        number, began = len(self.told) + 1, time.monotonic()
        step = Step(number, title, began + timeout_s, self._out)
        print(f"{number:>2}  {title}", end="", file=self._out, flush=True)
        try:
            yield step
        except Failure as failure:
            print(file=self._out, flush=True)
            raise StepFailed(f"step {number} ({title}): {failure}") from failure
        told = Told(number, title, tuple(step.happened), step.link, round(time.monotonic() - began, 3))
        self.told.append(told)
        lines = [*told.happened, *([told.link] if told.link else [])]
        print(
            f"  [{told.elapsed_s:.2f} s]",
            *(f"    {line}" for line in lines),
            sep="\n",
            file=self._out,
            flush=True,
        )

    def as_json(self) -> list[dict[str, Any]]:
        """The steps as plain data."""
        return [asdict(told) for told in self.told]

"""A figure: the median of several runs, beside its peer's and the goal it has to meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from msgspec import Struct


class Scale(Struct, frozen=True):
    """How much is measured. A quick run only shows that everything works."""

    runs: int = 5
    divisor: int = 1

    def of(self, full: int) -> int:
        """The size that stands for `full` at this scale."""
        return max(100, full // self.divisor)


FULL, QUICK = Scale(), Scale(runs=1, divisor=50)


class Figure(Struct, frozen=True):
    """One line of the table and of `.bench/results.jsonl`. Without a goal it is there to be known."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    goal: str | None = None
    met: bool | None = None
    note: str = ""


Benchmark = Callable[[Scale], Sequence[Figure]]


def interleaved(runs: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Each measure's values, taken in turn (A B A B …), so that all meet the same weather."""
    values: list[list[float]] = [[] for _ in measures]
    for _ in range(runs):
        for measure, found in zip(measures, values, strict=True):
            found.append(measure())
    return values


def against(
    name: str,
    unit: str,
    runs: Sequence[float],
    peer: str,
    peer_runs: Sequence[float],
    at_least: float | None = None,
    note: str = "",
) -> Figure:
    """More is better, and it has to be `at_least` so many times the peer's."""
    value, peer_value = median(runs), median(peer_runs)
    ratio = value / peer_value
    return Figure(
        name,
        round(value, 3),
        unit,
        peer,
        round(peer_value, 3),
        round(ratio, 3),
        None if at_least is None else f"ratio >= {at_least:g}",
        None if at_least is None else ratio >= at_least,
        note,
    )


def below(name: str, unit: str, runs: Sequence[float], limit: float, note: str = "") -> Figure:
    """Less is better, and it has to stay below the limit."""
    value = median(runs)
    return Figure(name, round(value, 3), unit, goal=f"< {limit:g} {unit}", met=value < limit, note=note)


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns, each note below its line."""
    lines = [f"{'':2}{'figure':<46}{'value':>12}  {'unit':<12}{'peer':>12}{'ratio':>8}  goal"]
    for figure in figures:
        mark = {True: "ok", False: "NO", None: "  "}[figure.met]
        peer = "" if figure.peer_value is None else f"{figure.peer_value:,.1f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        goal = figure.goal or ""
        lines.append(
            f"{mark:<2}{figure.name:<46}{figure.value:>12,.1f}  {figure.unit:<12}{peer:>12}{ratio:>8}  {goal}"
        )
        lines.extend(f"     {text}" for text in (figure.peer and f"peer: {figure.peer}", figure.note) if text)
    return "\n".join(lines)

"""Draws: one scheduled decision over many of a function's own streams, in one append."""

from collections.abc import Iterator

from shared.domain.ids import uuid5
from shared.ports.store import Conflict, Loaded, View
from shared.runtime.shapes import Draw
from shared.runtime.shell import ATTEMPTS_MAX, Shell

PAGE = 1_000


def draw(shell: Shell, shape: Draw, now_us: int) -> int:
    """Run a draw over the states as they stand; how many events came of it.

    Its input is what it sees. The input's id, which is the seed, follows from nothing else, so whoever draws from the
    same states draws the same, once: the append changes one of them, and whoever was slower draws from what is left.

    Raises:
        TimeoutError: the store is away, or races were lost too often.
    """
    for _ in range(ATTEMPTS_MAX):
        views = {view.stream: view for tag in shape.tags for view in _tagged(shell, tag, shape.limit)}
        batch = shell.batch()
        for view in views.values():
            batch.hold(view.stream, Loaded(view.version, view.state, view.correlation, False))
        states = {stream: batch.held(stream).state for stream in views}
        seed = uuid5("draw", shell.name, *(f"{name} {shape.sees(states[name])}" for name in sorted(states)))
        pairs = shape.draw(states, now_us, seed)
        for stream, _ in pairs:
            batch.held(stream)
        batch.add(seed, seed, now_us, pairs)
        try:
            emitted = batch.append()
        except Conflict:
            shell.counts["conflicts"] += 1
            continue
        shell.publish(emitted)
        return len(emitted)
    raise TimeoutError(f"{shell.name} lost {ATTEMPTS_MAX} races in one draw")


def _tagged(shell: Shell, tag: str, limit: int) -> Iterator[View]:
    before: int | None = None
    left = limit
    while left > 0:
        page = shell.ports.store.states(shell.name, tag, before, min(PAGE, left))
        yield from page
        if len(page) < PAGE:
            return
        left, before = left - len(page), page[-1].cursor

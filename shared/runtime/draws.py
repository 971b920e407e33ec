"""Draws: one scheduled decision over many of a function's own streams, in one append."""

from collections.abc import Iterator

from shared.domain.ids import uuid5
from shared.ports.store import Conflict, Loaded, View
from shared.runtime.shapes import Draw
from shared.runtime.shell import ATTEMPTS_MAX, Shell

PAGE = 1_000


def draw(shell: Shell, shape: Draw, slot_us: int) -> int:
    """Run the draw of one slot; how many events came of it. The slot makes the seed, so a repeated slot is the same draw.

    Raises:
        TimeoutError: the store is away, or races were lost too often.
    """
    seed = uuid5("draw", shell.name, str(slot_us))
    for _ in range(ATTEMPTS_MAX):
        views = {view.stream: view for tag in shape.tags for view in _tagged(shell, tag, shape.limit)}
        if not views or shell.ports.store.load(shell.name, [(next(iter(views)), seed)])[0].handled:
            return 0
        batch = shell.batch()
        for view in views.values():
            batch.hold(view.stream, Loaded(view.version, view.state, view.correlation, False))
        pairs = shape.draw({stream: batch.held(stream).state for stream in views}, slot_us, seed)
        for stream, _ in pairs:
            batch.held(stream)
        batch.add(seed, seed, slot_us, pairs)
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

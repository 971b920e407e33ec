"""The whole route under a seeded scheduler with a virtual clock, with everything going wrong that can.

Each seed makes one small world and lives it four times: twice in complete disorder, with the same schedule, which
must leave the same log to the last byte; and twice with draws only when all is at rest, with different schedules and
faults, which must leave the same states (see `COMPARED`). After each the invariants of `proof` must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256

import msgspec

from shared.runtime.discover import functions
from shared.runtime.shapes import Function
from shared.runtime.simulate.proof import Broken, prove
from shared.runtime.simulate.world import World

FIRST_SEED = 1
PROGRESS_EVERY = 25
CHUNK = 4
COMPARED = ("aggregator", "eventlog", "gateway", "intake", "matchmaker", "optin")
"""Functions whose states must not depend on the schedule.

The crawler's say when something was looked at, and the web's faults what was seen; the archiver's follow the order
of the log. A draw's outcome depends on who waits at its instant, so draws happen at rest where states are compared.
"""
_encode = msgspec.json.Encoder(order="deterministic").encode


def run(seeds: int, seed: int | None, report: Callable[[str], None]) -> bool:
    """Simulate `seeds` worlds from `seed` on; whether everything held. `report` hears progress and what failed.

    Seeds know nothing of each other, so many of them are shared out among the machine's processors.
    """
    first = FIRST_SEED if seed is None else seed
    numbers = range(first, first + seeds)
    if seeds <= PROGRESS_EVERY:
        return _told(map(_lived, numbers), numbers, report)
    pool = ProcessPoolExecutor()
    try:
        return _told(pool.map(_lived, numbers, chunksize=CHUNK), numbers, report)
    finally:
        pool.shutdown(cancel_futures=True)


def _lived(seed: int) -> tuple[int, int, str | None]:
    """How many events and crashes one seed had, and how it failed, if it did."""
    try:
        return *simulate(functions(), seed), None
    except Exception as error:
        return 0, 0, f"{type(error).__name__}: {error}"


def _told(
    lives: Iterable[tuple[int, int, str | None]], numbers: range, report: Callable[[str], None]
) -> bool:
    """Tell of the lives in the order of their seeds, up to the first that fails."""
    events = crashes = 0
    for done, (number, (recorded, crashed, failure)) in enumerate(zip(numbers, lives, strict=True), 1):
        if failure is not None:
            report(f"seed {number} fails: {failure}")
            report(f"again: house simulate --seeds 1 --seed {number}")
            return False
        events, crashes = events + recorded, crashes + crashed
        if done % PROGRESS_EVERY == 0:
            report(f"{done} of {len(numbers)} seeds hold: {events} events, {crashes} crashes")
    report(f"{len(numbers)} seeds from {numbers.start} on hold: {events} events, {crashes} crashes")
    return True


def simulate(declared: Sequence[Function], seed: int) -> tuple[int, int]:
    """Live one seed's world four times; how many events and crashes there were.

    Raises:
        Broken: an invariant does not hold.
        Restless: a world does not come to rest.
    """
    digests, calm = [], []
    events = crashes = 0
    for schedule, in_phases in ((seed, False), (seed, False), (seed, True), (-seed - 1, True)):
        world = World(declared, seed, schedule)
        try:
            world.live_in_phases() if in_phases else world.live()
            if in_phases:
                calm.append(states(world))
            else:
                digests.append(digest(world))
            prove(world)
        finally:
            world.close()
        events, crashes = events + len(world.log), crashes + world.crashes
    if digests[0] != digests[1]:
        raise Broken("two runs of one seed differ")
    _compare(*calm)
    return events, crashes


def digest(world: World) -> str:
    """One value for everything a world recorded and remembers."""
    hashed = sha256()
    for event in world.log:
        hashed.update(_encode(event))
    for function in world.functions:
        hashed.update(_encode(world.states(function.name)))
    return hashed.hexdigest()


def states(world: World) -> dict[str, bytes]:
    """The states that must not depend on the schedule, by stream."""
    return {
        view.stream: view.state for name in COMPARED if name in world.shells for view in world.states(name)
    }


def _compare(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    for stream in sorted({*one, *other}):
        here, there = one.get(stream, b""), other.get(stream, b"")
        if here != there:
            raise Broken(
                f"the state of {stream} depends on the order of handling: {_difference(here, there)}"
            )


def _difference(one: bytes, other: bytes) -> str:
    """Where two states begin to differ."""
    differing = (n for n, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    start = next(differing, min(len(one), len(other)))
    around = slice(max(0, start - 60), start + 120)
    return f"…{one[around].decode(errors='replace')}… or …{other[around].decode(errors='replace')}…"

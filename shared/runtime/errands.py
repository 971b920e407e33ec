"""Errands: effects first, through the gateways, outside any append; then what came of them as events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.event import Due, Event, Input, Recorded, Scheduled, type_of
from shared.domain.ids import uuid5
from shared.domain.instants import SECOND_US
from shared.ports.store import Conflict
from shared.runtime.batch import Batch
from shared.runtime.happening import Happening
from shared.runtime.sealing import opened
from shared.runtime.shapes import Errand, Gateways
from shared.runtime.shell import Shell

_DUE, _SCHEDULED = type_of(Due).name, type_of(Scheduled).name


class Outcome(Struct, frozen=True):
    """What came of the errands of one input, and the versions of the streams it was based on.

    `error` is the bug that one of them met; what the others made stands beside it.
    """

    happening: Happening
    events: tuple[tuple[str, Event], ...]
    versions: dict[str, int]
    error: Exception | None = None
    handled: bool = False


def scheduled(shell: Shell, now_us: int) -> list[Happening]:
    """The slots that have come: of each errand with a schedule one, an input by itself.

    So what one errand meets, a bug or a gateway that is away, holds up no other of the same function.
    """
    return [
        _slot(shell.name, errand.fold.prefix, now_us // every_us * every_us)
        for errand in shell.function.errands
        if errand.every_s and (every_us := errand.every_s * SECOND_US)
    ]


def _slot(function: str, prefix: str, slot_us: int) -> Happening:
    slot, tick = uuid5("slot", function, prefix, str(slot_us)), Scheduled(slot_us)
    return Happening(slot, _SCHEDULED, slot, slot_us, f"slot/{function}/{prefix}", slot_us, tick=tick)


async def act(shell: Shell, happening: Happening, gateways: Gateways, *, again: bool = False) -> Outcome:
    """Run the errands that one input concerns; `again` those of which nothing came when it was handled (and parked).

    Raises:
        TimeoutError: a gateway or the store is away; the input is to be given again.
    """
    decided: list[tuple[str, Event]] = []
    versions: dict[str, int] = {}
    errors: list[Exception] = []
    try:
        arrived = shell.arrived(happening)
        arrived = replace(arrived, body=opened(arrived.body, shell.ports.seals))
        concerned = _concerned(shell, happening, arrived.body)
    except TimeoutError:
        raise
    except Exception as error:
        return Outcome(happening, (), {}, error)
    for errand in concerned:
        try:
            made = await _run(shell, happening, errand, arrived, gateways, again=again)
        except TimeoutError:
            raise
        except Exception as error:
            errors.append(error)
            continue
        if made is None:
            return Outcome(happening, (), {}, handled=True)
        decided += made.events
        versions |= made.versions
    met = ExceptionGroup(f"{len(errors)} errands failed", errors) if len(errors) > 1 else None
    return Outcome(happening, tuple(decided), versions, met or next(iter(errors), None))


async def _run(
    shell: Shell,
    happening: Happening,
    errand: Errand[Any],
    arrived: Input,
    gateways: Gateways,
    *,
    again: bool,
) -> Outcome | None:
    """What comes of one errand, stream by stream, or None where the input was handled before."""
    store, decided, versions = shell.ports.store, list[tuple[str, Event]](), dict[str, int]()
    streams = [happening.stream] if isinstance(arrived.body, Due) else list(errand.streams(arrived))
    for stream in streams:
        loaded = store.load(shell.name, [(stream, happening.id)])[0]
        if loaded.handled and not again:
            return None
        if again and store.caused(stream, happening.id):
            continue
        versions[stream] = loaded.version
        state = opened(shell.folds.state(stream, loaded.state), shell.ports.seals)
        decided.extend((stream, event) for event in await errand.act(state, arrived, gateways))
    return Outcome(happening, tuple(decided), versions)


def _concerned(shell: Shell, happening: Happening, body: Event) -> list[Errand[Any]]:
    reading = [errand for errand in shell.function.errands if type(body) in errand.reads]
    if isinstance(body, Due):
        return [errand for errand in reading if errand.fold.prefix == happening.prefix]
    if isinstance(body, Scheduled):
        return [errand for errand in reading if errand.fold.prefix == happening.stream.rpartition("/")[2]]
    return reading


def conclude(shell: Shell, outcomes: Sequence[Outcome], events: Sequence[Recorded] = ()) -> list[Recorded]:
    """Append what came of errands, publish it and acknowledge their inputs; the events that were appended.

    Raises:
        Conflict: a stream moved while an errand was out; its input has to be given again.
    """
    try:
        emitted = _append(shell, outcomes)
    except (Conflict, TimeoutError):
        raise
    except Exception as error:
        # What came of it cannot be kept: a bug, like any other.
        emitted = _append(shell, [Outcome(o.happening, (), {}, error, o.handled) for o in outcomes])
    shell.publish(emitted)
    shell.ports.bus.acknowledge(shell.name, events)
    return emitted


def _append(shell: Shell, outcomes: Sequence[Outcome]) -> list[Recorded]:
    batch = shell.batch()
    for outcome in outcomes:
        _add(shell, batch, outcome)
    return batch.append()


def _add(shell: Shell, batch: Batch, outcome: Outcome) -> None:
    happening = outcome.happening
    if outcome.versions:
        batch.load([(stream, happening.id) for stream in outcome.versions])
    if outcome.handled or batch.is_handled(happening.id):
        return
    if any(batch.held(stream).version != version for stream, version in outcome.versions.items()):
        raise Conflict(f"{happening.stream} moved while the errand of {shell.name} was out")
    try:
        if outcome.error is None and happening.type == _DUE:
            shell.must_move(batch, happening, outcome.events)
        if outcome.error is None or outcome.events:
            routed = next(iter(outcome.versions), None)
            batch.add(happening.id, happening.correlation, happening.time_us, outcome.events, routed=routed)
    except Exception as error:
        shell.park(batch, happening, error)
        return
    if outcome.error is not None:
        shell.park(batch, happening, outcome.error)


async def redrive(shell: Shell, letter: str, gateways: Gateways) -> bool:
    """Run a parked input's errand again; whether it went through this time.

    Raises:
        KeyError: there is no such open dead letter, or its input is gone.
    """
    happening = shell.letters.reopened(letter)
    outcome = await act(shell, happening, gateways, again=True)
    batch = shell.batch()
    batch.load([(letter, happening.id), *((stream, happening.id) for stream in outcome.versions)])
    version = batch.held(letter).version
    if outcome.error is None or outcome.events:
        # Other errands' events may bear the ids that are made of the input alone.
        seed = f"{happening.id}:{letter}:{version}:again"
        batch.add(happening.id, happening.correlation, happening.time_us, outcome.events, seed=seed)
    if outcome.error is not None:
        shell.park(batch, happening, outcome.error)
    went_through = shell.letters.close(batch, happening, letter, version)
    shell.publish(batch.append())
    return went_through

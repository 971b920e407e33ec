"""Errands: effects first, through the gateways, outside any append; then what came of them as events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.event import Due, Event, Recorded, Scheduled, type_of
from shared.domain.ids import uuid5
from shared.ports.store import Conflict
from shared.runtime.batch import Batch
from shared.runtime.sealing import opened
from shared.runtime.shapes import Errand, Gateways
from shared.runtime.shell import Happening, Shell


class Outcome(Struct, frozen=True):
    """What came of one errand, and the versions of the streams it was based on."""

    happening: Happening
    events: tuple[tuple[str, Event], ...]
    versions: dict[str, int]
    error: Exception | None = None
    handled: bool = False


def scheduled(shell: Shell, slot_us: int) -> Happening:
    """The input of one slot of a scheduled errand."""
    slot = uuid5("slot", shell.name, str(slot_us))
    stream = f"slot/{shell.name}"
    return Happening(slot, type_of(Scheduled).name, slot, slot_us, stream, slot_us, tick=Scheduled(slot_us))


async def act(shell: Shell, happening: Happening, gateways: Gateways, *, again: bool = False) -> Outcome:
    """Run the errands that one input concerns; `again` even when it was handled (and parked) before.

    Raises:
        TimeoutError: a gateway or the store is away; the input is to be given again.
    """
    decided: list[tuple[str, Event]] = []
    versions: dict[str, int] = {}
    try:
        seals = shell.ports.seals
        arrived = shell.arrived(happening)
        arrived = replace(arrived, body=opened(arrived.body, seals))
        for errand in _concerned(shell, happening, arrived.body):
            streams = [happening.stream] if isinstance(arrived.body, Due) else list(errand.streams(arrived))
            for stream in streams:
                loaded = shell.ports.store.load(shell.name, [(stream, happening.id)])[0]
                if loaded.handled and not again:
                    return Outcome(happening, (), {}, handled=True)
                versions[stream] = loaded.version
                state = opened(shell.folds.state(stream, loaded.state), seals)
                decided.extend((stream, event) for event in await errand.act(state, arrived, gateways))
    except TimeoutError:
        raise
    except Exception as error:
        return Outcome(happening, (), versions, error)
    return Outcome(happening, tuple(decided), versions)


def _concerned(shell: Shell, happening: Happening, body: Event) -> list[Errand[Any]]:
    reading = [errand for errand in shell.function.errands if type(body) in errand.reads]
    if isinstance(body, Due):
        return [errand for errand in reading if errand.fold.prefix == happening.prefix]
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
    if outcome.error is not None:
        shell.park(batch, happening, outcome.error)
        return
    if any(batch.held(stream).version != version for stream, version in outcome.versions.items()):
        raise Conflict(f"{happening.stream} moved while the errand of {shell.name} was out")
    try:
        if happening.type == type_of(Due).name:
            shell.must_move(batch, happening, outcome.events)
        routed = next(iter(outcome.versions), None)
        batch.add(happening.id, happening.correlation, happening.time_us, outcome.events, routed=routed)
    except Exception as error:
        shell.park(batch, happening, error)


async def redrive(shell: Shell, letter: str, gateways: Gateways) -> bool:
    """Run a parked input's errand again; whether it went through this time.

    Raises:
        KeyError: there is no such open dead letter, or its input is gone.
    """
    happening = shell.reopened(letter)
    outcome = await act(shell, happening, gateways, again=True)
    batch = shell.batch()
    batch.load([(letter, happening.id), *((stream, happening.id) for stream in outcome.versions)])
    version = batch.held(letter).version
    if outcome.error is not None:
        shell.park(batch, happening, outcome.error)
    else:
        batch.add(happening.id, happening.correlation, happening.time_us, outcome.events)
    return shell.close_letter(batch, happening, letter, version)

"""Dead letters: inputs that met a bug are kept with their stack, and come back when they are driven again."""

from __future__ import annotations

import traceback

from shared.domain import parked
from shared.domain.event import Due, Event, Scheduled, type_of
from shared.domain.parked import STACK_CHARACTERS_MAX, Parked
from shared.ports.clock import Clock
from shared.ports.store import Store
from shared.runtime.batch import Batch, Folds
from shared.runtime.happening import Happening, of
from shared.runtime.logs import log, place
from shared.runtime.shapes import Function

_DUE, _SCHEDULED = type_of(Due).name, type_of(Scheduled).name


class Letters:
    """One function's dead letters."""

    def __init__(self, function: Function, folds: Folds, store: Store, clock: Clock) -> None:
        self._name, self._folds, self._store, self._clock = function.name, folds, store, clock
        self._parked, self._redriven = parked.types_for(self._name, personal=function.reads_words)

    def stream(self, input_id: str) -> str:
        """The stream of the dead letter of an input."""
        return f"parked/{self._name}/{input_id}"

    def put(self, batch: Batch, happening: Happening, error: Exception) -> bool:
        """Keep an input that met a bug, with its stack; a tick does not come again until its stream moves.

        False: it was parked before, and nothing but its letter remembers it.
        """
        letter, known = self.stream(happening.id), batch.is_handled(happening.id)
        batch.load([(letter, happening.id)])
        if batch.is_handled(happening.id) and not known:
            return False
        body = self._parked(
            happening.id,
            happening.type,
            happening.stream,
            happening.version,
            f"{type(error).__name__}: {error}"[:500],
            "".join(traceback.format_exception(error))[-STACK_CHARACTERS_MAX:],
            self._clock.now_us(),
        )
        self._note(batch, happening, letter, body)
        if happening.type == _DUE:
            batch.undue(happening.stream, happening.id)
        log("bug", "input parked", self._name, happening.correlation, input=happening.id, error=place(error))
        return True

    def _note(self, batch: Batch, happening: Happening, letter: str, body: Event) -> None:
        # Each note has an id of its own, as one input can be parked and driven again many times.
        seed = f"{happening.id}:{letter}:{batch.held(letter).version}"
        batch.add(happening.id, happening.correlation, happening.time_us, [(letter, body)], seed=seed)

    def reopened(self, letter: str) -> Happening:
        """The input that an open dead letter keeps.

        Raises:
            KeyError: there is no such open dead letter, or its input is gone.
        """
        view, now_us = self._store.state(self._name, letter), self._clock.now_us()
        state: Parked = self._folds.state(letter, view.state if view else None)
        if view is None or state.status != "parked":
            raise KeyError(f"{letter} is not an open dead letter of {self._name}")
        stream, version = state.source_stream, state.source_version
        if state.input_type in (_DUE, _SCHEDULED):
            tick = Due(now_us) if state.input_type == _DUE else Scheduled(version)
            return Happening(
                state.input_id, state.input_type, view.correlation, now_us, stream, version, tick=tick
            )
        found = self._store.read(stream, version - 1, 1)
        if not found:
            raise KeyError(f"the input at {stream} version {version} is gone")
        return of(found[0])

    def close(self, batch: Batch, happening: Happening, letter: str, version: int) -> bool:
        """Note that a redriven input went through, unless it was parked again since `version`; whether it did."""
        went_through = batch.held(letter).version == version
        if went_through:
            self._note(batch, happening, letter, self._redriven(happening.id, self._clock.now_us()))
        return went_through

"""One function's deciders in memory, its own events fed back: what inputs come to, in whatever order."""

from collections.abc import Iterable
from typing import Any

import msgspec

from shared.domain.event import Due, Event, decode, encode, type_of
from shared.runtime.shapes import Decider, Fold, Function
from tests.given import arriving


class Settled:
    """The states of a function's streams after the inputs it was given."""

    def __init__(self, function: Function) -> None:
        self.deciders = [shape for shape in function.shapes if isinstance(shape, Decider)]
        self.states: dict[str, Any] = {}
        self.happened: list[tuple[str, Event]] = []

    def take(self, body: Event, at_us: int) -> None:
        """Handle one input and, depth first, what comes of it."""
        for event in self.step(body, at_us):
            self.take(event, at_us)

    def step(self, body: Event, at_us: int) -> list[Event]:
        """Handle one input alone; its events, for whoever wants to feed them back."""
        arrived = arriving(body, at_us=at_us)
        emitted: list[Event] = []
        for decider in self.deciders:
            if type(body) in decider.reads:
                for stream in decider.streams(arrived):
                    emitted += self.append(decider.fold, stream, decider.decide(self.state(stream), arrived))
        return emitted

    def tick(self, now_us: int) -> None:
        """Wake every stream that is due; each must move."""
        for stream in list(self.states):
            decider = self._decider(stream)
            due_at_us = decider.fold.due_at_us(self.states[stream])
            if due_at_us is not None and due_at_us <= now_us:
                arrived = arriving(Due(due_at_us), at_us=now_us, stream=stream)
                events = self.append(decider.fold, stream, decider.decide(self.states[stream], arrived))
                again_us = decider.fold.due_at_us(self.states[stream])
                assert again_us is None or again_us > now_us, f"{stream} is still due"
                for event in events:
                    self.take(event, now_us)

    def append(self, fold: Fold[Any], stream: str, events: Iterable[Event]) -> list[Event]:
        """Evolve one stream; events and states must survive being stored."""
        kept = list(events)
        for event in kept:
            assert decode(type_of(event).name, encode(event)) == event
            state = fold.evolve(self.state(stream), event)
            self.states[stream] = msgspec.json.decode(msgspec.json.encode(state), type=fold.state)
            assert self.states[stream] == state
            self.happened.append((stream, event))
        return kept

    def state(self, stream: str) -> Any:
        """A stream's state now."""
        return self.states.get(stream, self._decider(stream).fold.initial)

    def _decider(self, stream: str) -> Decider[Any]:
        prefix = stream.partition("/")[0]
        return next(decider for decider in self.deciders if decider.fold.prefix == prefix)

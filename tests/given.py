"""Given / when / then for decisions: `given(DECIDER, *past).when(input).then(*events)`."""

from dataclasses import dataclass
from typing import Any

from shared.adapters.keyring import Keyring
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.event import Event, House, Input
from shared.domain.identity import pseudonymizer
from shared.domain.ids import uuid5
from shared.domain.instants import from_rfc3339
from shared.runtime.shapes import Decider

NOW_US = from_rfc3339("2026-03-02T09:00:00Z")
SEALS = Keyring(MemoryVault(), LocalWrapping(bytes(32)), seed=bytes)
"""Keys for tests, always the same."""
HOUSE = House(origin="https://house.example", terms="sha256:" + "ab" * 32, pseudonym=pseudonymizer(b"pepper"))


def arriving(
    body: Event, *, at_us: int = NOW_US, stream: str = "elsewhere/1", attachment: bytes | None = None
) -> Input:
    """`body` as an input at `at_us`."""
    return Input(uuid5("test", stream, repr(body)), at_us, stream, body, HOUSE, attachment)


@dataclass(frozen=True)
class given:
    """A decider and the state after `past`."""

    decider: Decider[Any]
    state: Any

    def __init__(self, decider: Decider[Any], *past: Event) -> None:
        state = decider.fold.initial
        for event in past:
            state = decider.fold.evolve(state, event)
        object.__setattr__(self, "decider", decider)
        object.__setattr__(self, "state", state)

    def when(self, body: Event, *, at_us: int = NOW_US, attachment: bytes | None = None) -> "decided":
        """Decide on `body`."""
        happening = arriving(body, at_us=at_us, attachment=attachment)
        return decided(self.decider, self.state, tuple(self.decider.decide(self.state, happening)))


@dataclass(frozen=True)
class decided:
    """What was decided."""

    decider: Decider[Any]
    before: Any
    events: tuple[Event, ...]

    def then(self, *expected: Event) -> Any:
        """Exactly these events, in order; returns the state after them."""
        assert self.events == expected
        return self.after

    def nothing(self) -> None:
        """No event at all."""
        assert self.events == ()

    @property
    def after(self) -> Any:
        """The state after the decided events."""
        state = self.before
        for event in self.events:
            state = self.decider.fold.evolve(state, event)
        return state

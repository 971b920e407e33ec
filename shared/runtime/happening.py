"""Happening: one input on its way through the shell."""

from __future__ import annotations

from msgspec import Struct

from shared.domain.event import Event, Recorded, decode


class Happening(Struct, frozen=True, gc=False):
    """One input on its way through the shell; `stream` and `version` say where it lies.

    The body of a recorded event is decoded late, where a failure can be parked.
    """

    id: str
    type: str
    correlation: str
    time_us: int
    stream: str
    version: int
    data: bytes = b""
    tick: Event | None = None

    @property
    def prefix(self) -> str:
        """The first part of its stream's name."""
        return self.stream[: self.stream.index("/")]

    def body(self) -> Event:
        """What happened.

        Raises:
            Undecodable: the stored bytes are not what their type says.
        """
        return decode(self.type, self.data) if self.tick is None else self.tick


def of(event: Recorded) -> Happening:
    """A recorded event as an input."""
    return Happening(
        event.id, event.type, event.correlation, event.time_us, event.stream, event.version, event.data
    )

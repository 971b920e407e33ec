"""Log: everything that was recorded, by all functions, in one order. What the archiver reads."""

from typing import Protocol

from shared.domain.event import Recorded


class Log(Protocol):
    """The recorded events of one node in the order of their positions."""

    def since(self, position: int, limit: int) -> list[Recorded]:
        """Events with a position above `position`, in order, at most `limit`."""

    def head(self) -> int:
        """How far the log goes: at or after its newest event's position, and no later event will lie before it."""

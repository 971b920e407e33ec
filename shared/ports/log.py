"""Log: everything that was recorded, by all functions, in one order. What the archiver reads."""

from typing import Protocol

from shared.domain.event import Recorded


class Log(Protocol):
    """The recorded events of one node in the order of their positions."""

    def since(self, position: int, limit: int) -> list[Recorded]:
        """Events with a position above `position`, in order, at most `limit`."""

    def head(self) -> int:
        """The position of the newest durable event, 0 when there is none."""

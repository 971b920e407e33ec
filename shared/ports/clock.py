"""Clock: the only source of the present."""

from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def now_us(self) -> int:
        """The present instant in microseconds since 1970-01-01 UTC."""

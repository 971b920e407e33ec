"""Bus: recorded events on their way to the functions that read them, at least once."""

from collections.abc import Sequence
from typing import Protocol

from shared.domain.event import Recorded


class Bus(Protocol):
    """Each function's unread events are its own; delivery is at least once, and in no order that all buses keep.

    Raises TimeoutError where it is away; the caller retries.
    """

    def publish(self, events: Sequence[Recorded]) -> None:
        """Hand over events that are durable. Returns when the bus has them."""

    def pull(self, function: str, types: frozenset[str], limit: int) -> list[Recorded]:
        """The next unread events of these types for `function`, at most `limit`."""

    def acknowledge(self, function: str, events: Sequence[Recorded]) -> None:
        """`function` has handled these: they are not delivered to it again."""

    def oldest_unread_us(self, function: str, types: frozenset[str]) -> int | None:
        """Event time of the oldest unread event of these types, or None when all is read or the bus cannot tell."""

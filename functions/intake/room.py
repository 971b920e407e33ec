"""Room: the memory that all bodies in hand may take together.

One body is small beside its limit, but many large ones at once, none of them judged yet, would fill any machine.
"""

from shared.runtime.edge import Rejection

RETRY_AFTER_S = 2


class Room:
    """So many bytes, taken and given back by requests."""

    def __init__(self, size_bytes: int) -> None:
        self.left_bytes = size_bytes

    def reservation(self) -> "Reservation":
        """What one request takes, given back when it ends."""
        return Reservation(self)


class Reservation:
    """A growing part of the room, for as long as it is entered."""

    __slots__ = ("_room", "_taken_bytes")

    def __init__(self, room: Room) -> None:
        self._room, self._taken_bytes = room, 0

    def grow(self, by_bytes: int) -> None:
        """Take more.

        Raises:
            Rejection: 429, as there is no more room now.
        """
        if by_bytes > self._room.left_bytes:
            detail = "too many large bodies at once; send it again"
            raise Rejection(429, "Too many requests", detail, retry_after_s=RETRY_AFTER_S)
        self._room.left_bytes -= by_bytes
        self._taken_bytes += by_bytes

    def __enter__(self) -> "Reservation":
        return self

    def __exit__(self, *failure: object) -> None:
        self._room.left_bytes += self._taken_bytes

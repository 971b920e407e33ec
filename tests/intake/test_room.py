"""All bodies in hand together have a limit, and what a request took comes back however it ends."""

import pytest

from functions.intake.room import Room
from shared.runtime.edge import Rejection


def test_a_body_that_leaves_no_room_is_refused_with_when_to_come_again() -> None:
    room = Room(10)
    with room.reservation() as first, room.reservation() as second:
        first.grow(7)
        second.grow(3)
        with pytest.raises(Rejection) as refused:
            second.grow(1)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 2)


def test_what_was_taken_comes_back_also_after_a_failure() -> None:
    room = Room(10)

    def interrupted() -> None:
        with room.reservation() as reservation:
            reservation.grow(4)
            raise RuntimeError("the client went away")

    with pytest.raises(RuntimeError):
        interrupted()
    assert room.left_bytes == 10

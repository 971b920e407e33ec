"""An event that was stored under an old version is read as the newest one."""

import pytest

from shared.domain.event import Event, Undecodable, decode, encode, event, type_of, upcast


@event("house.upcasting.parcel-moved.v2")
class ParcelMoved(Event, frozen=True):
    parcel: str
    distance_m: int


upcast(
    "house.upcasting.parcel-moved.v1",
    ParcelMoved,
    lambda old: {"parcel": old["parcel"], "distance_m": old["distance_km"] * 1000},
)


def test_an_old_event_is_read_as_the_new_one() -> None:
    old = b'{"parcel":"p","distance_km":3}'
    assert decode("house.upcasting.parcel-moved.v1", old) == ParcelMoved("p", 3000)


def test_what_is_written_is_the_new_version() -> None:
    moved = ParcelMoved("p", 3000)
    assert type_of(moved).name == "house.upcasting.parcel-moved.v2"
    assert decode("house.upcasting.parcel-moved.v2", encode(moved)) == moved


def test_an_old_event_that_does_not_fit_is_undecodable() -> None:
    with pytest.raises(Undecodable, match=r"parcel-moved\.v1"):
        decode("house.upcasting.parcel-moved.v1", b'{"parcel":"p"}')

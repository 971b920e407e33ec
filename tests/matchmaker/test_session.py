"""A proposed session: five seats in time, or none."""

from typing import Any

from hypothesis import given as always
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.matchmaker.draw import SEAT_DEADLINE_US, draw
from functions.matchmaker.main import FUNCTION
from functions.matchmaker.session import SESSION
from shared.domain.event import Due
from shared.domain.instants import HOUR_US, MINUTE_US
from shared.domain.lanes import LANES
from shared.domain.matches import (
    DemandOpened,
    Seat,
    SeatConfirmed,
    SeatForfeited,
    SeatReturned,
    SessionDissolved,
    SessionFormed,
    SessionProposed,
    StandingGained,
    Ticket,
    TicketQueued,
)
from shared.domain.optins import OptInRevoked
from shared.domain.requests import SeatAccepted
from shared.runtime.shapes import Fold
from tests.given import NOW_US, given
from tests.settled import Settled

DEADLINE_US = NOW_US + SEAT_DEADLINE_US
SEATS = tuple(Seat(f"s1.{lane}", lane, f"dev_{lane}", f"t_{lane}") for lane in LANES)
PROPOSED = SessionProposed("s1", "b1", "client_1", "default", SEATS, 1.0, 3600, DEADLINE_US)


def accepted(seat: Seat, at_us: int = NOW_US, introduce: bool = False) -> SeatAccepted:
    return SeatAccepted(seat.id, "s1", seat.developer, at_us, introduce)


def taken(seat: Seat, at_us: int = NOW_US, introduce: bool = False) -> SeatConfirmed:
    return SeatConfirmed("s1", seat.id, seat.developer, introduce, at_us)


FOUR = tuple(taken(seat, introduce=seat.lane == "researcher") for seat in SEATS[:4])


def test_a_proposed_session_is_found_by_its_people_brief_and_status() -> None:
    state = given(SESSION, PROPOSED).state
    expected = {f"developer:dev_{lane}" for lane in LANES} | {"brief:b1", "status:proposed"}
    assert SESSION.fold.tags(state) == expected
    assert SESSION.fold.due_at_us(state) == DEADLINE_US


def test_a_developer_takes_the_seat_that_is_theirs() -> None:
    given(SESSION, PROPOSED).when(accepted(SEATS[0])).then(taken(SEATS[0]))
    given(SESSION, PROPOSED).when(accepted(SEATS[0], DEADLINE_US)).then(taken(SEATS[0], DEADLINE_US))


def test_nobody_takes_anothers_seat_nor_the_same_twice_nor_too_late() -> None:
    given(SESSION, PROPOSED).when(replace(accepted(SEATS[0]), developer="dev_designer")).nothing()
    given(SESSION, PROPOSED).when(replace(accepted(SEATS[0]), seat="s1.cook")).nothing()
    given(SESSION, PROPOSED, taken(SEATS[0])).when(accepted(SEATS[0])).nothing()
    given(SESSION, PROPOSED).when(accepted(SEATS[0], DEADLINE_US + 1)).nothing()
    given(SESSION).when(accepted(SEATS[0])).nothing()


def test_the_fifth_seat_forms_the_session() -> None:
    last_us = NOW_US + MINUTE_US
    formed = SessionFormed(
        "s1", "b1", "client_1", SEATS, ("dev_researcher", "dev_marketer"), last_us, last_us + HOUR_US
    )
    outcome = given(SESSION, PROPOSED, *FOUR).when(accepted(SEATS[4], last_us, introduce=True))
    state = outcome.then(taken(SEATS[4], last_us, introduce=True), formed)
    assert (state.status, SESSION.fold.due_at_us(state)) == ("formed", None)
    assert "status:formed" in SESSION.fold.tags(state)


def test_at_the_deadline_every_seat_goes_back_with_its_reason() -> None:
    outcome = given(SESSION, PROPOSED, *FOUR).when(Due(DEADLINE_US), at_us=DEADLINE_US)
    state = outcome.then(
        *(SeatReturned("s1", s.id, s.developer, s.ticket, "session dissolved") for s in SEATS[:4]),
        SeatReturned("s1", SEATS[4].id, SEATS[4].developer, SEATS[4].ticket, "not accepted in time"),
        SessionDissolved("s1", "b1", "not all seats were accepted in time"),
    )
    assert (state.status, SESSION.fold.due_at_us(state)) == ("dissolved", None)


def test_a_forfeited_seat_dissolves_a_proposed_session_at_once() -> None:
    forfeited = SeatForfeited("dev_designer", "t_designer", "s1.designer", "s1")
    events = given(SESSION, PROPOSED, *FOUR).when(forfeited).events
    reasons = {event.seat: event.reason for event in events if isinstance(event, SeatReturned)}
    assert reasons["s1.designer"] == "a developer's last opt-in ended"
    assert set(reasons.values()) == {"a developer's last opt-in ended", "session dissolved"}
    assert events[-1] == SessionDissolved("s1", "b1", "a developer's last opt-in ended")


def test_a_formed_session_is_not_touched_any_more() -> None:
    formed = SessionFormed("s1", "b1", "client_1", SEATS, (), NOW_US, NOW_US + HOUR_US)
    past = (PROPOSED, *FOUR, taken(SEATS[4]), formed)
    given(SESSION, *past).when(Due(DEADLINE_US)).nothing()
    given(SESSION, *past).when(SeatForfeited("dev_designer", "t", "s1.designer", "s1")).nothing()


@always(st.permutations([accepted(seat, NOW_US + n, introduce=n % 2 == 0) for n, seat in enumerate(SEATS)]))
def test_the_order_in_which_seats_are_taken_leaves_no_trace(bodies: list[SeatAccepted]) -> None:
    house = Settled(FUNCTION)
    house.append(SESSION.fold, "session/s1", [PROPOSED])
    for body in bodies:
        house.take(body, body.accepted_at_us)
    state = house.state("session/s1")
    assert state.formed.formed_at_us == NOW_US + 4
    assert state.formed.introduce == ("dev_facilitator", "dev_designer", "dev_marketer")


def drawn() -> tuple[Settled, str]:
    """The function after one draw over five tickets and one demand; the session."""
    house = Settled(FUNCTION)
    for lane in LANES:
        ticket = Ticket(f"t_{lane}", lane, lane, ("en",), 0.0, "default", NOW_US + HOUR_US)
        stream = f"ticket/dev_{lane}"
        house.append(_fold("ticket"), stream, [StandingGained("i"), TicketQueued(f"dev_{lane}", ticket)])
    house.append(_fold("demand"), "demand/b1", [DemandOpened("b1", "client_1", "default", 1, 3600, NOW_US)])
    return house, redraw(house, NOW_US)


def redraw(house: Settled, now_us: int) -> str:
    session = ""
    ready = {
        s: state
        for s, state in house.states.items()
        if _fold(s.partition("/")[0]).tags(state) & {"queued", "wanted"}
    }
    for stream, event in draw(ready, now_us, f"seed{now_us}"):
        house.append(_fold(stream.partition("/")[0]), stream, [event])
        if isinstance(event, SessionProposed):
            session = event.session
    return session


def _fold(prefix: str) -> Fold[Any]:
    return FUNCTION.folds[prefix]


def test_a_session_nobody_joins_returns_everything_and_is_drawn_again() -> None:
    house, session = drawn()
    house.tick(NOW_US + SEAT_DEADLINE_US)
    assert house.state(f"session/{session}").status == "dissolved"
    assert {house.state(f"ticket/dev_{lane}").status for lane in LANES} == {"queued"}
    assert house.state("demand/b1").wanted == 1
    assert redraw(house, NOW_US + SEAT_DEADLINE_US) not in ("", session)


def test_a_revocation_between_draw_and_formation_frees_the_other_four() -> None:
    house, session = drawn()
    house.take(OptInRevoked("i", ("dev_designer", "dev_x"), "dev_x", NOW_US), NOW_US)
    assert house.state(f"session/{session}").status == "dissolved"
    tagged = [s for s, state in house.states.items() if "queued" in _fold(s.partition("/")[0]).tags(state)]
    assert sorted(tagged) == sorted(f"ticket/dev_{lane}" for lane in LANES if lane != "designer")

"""A proposed session: five seats in time, or none."""

from random import Random
from typing import Any

from hypothesis import given as always
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.matchmaker.draw import SEAT_DEADLINE_US, draw
from functions.matchmaker.main import FUNCTION
from functions.matchmaker.session import SESSION
from shared.domain.event import Due, Event
from shared.domain.instants import HOUR_US, MINUTE_US
from shared.domain.lanes import LANES
from shared.domain.matches import (
    DemandOpened,
    ForfeitNoted,
    Seat,
    SeatConfirmed,
    SeatForfeited,
    SeatReturned,
    Session,
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


def forfeited(seat: Seat, at_us: int = NOW_US) -> SeatForfeited:
    return SeatForfeited(seat.developer, seat.ticket, seat.id, "s1", at_us)


def noted(seat: Seat, at_us: int = NOW_US) -> ForfeitNoted:
    return ForfeitNoted("s1", seat.id, at_us)


def returned(reasons: dict[str, str], otherwise: str) -> list[SeatReturned]:
    return [SeatReturned("s1", s.id, s.developer, s.ticket, reasons.get(s.lane, otherwise)) for s in SEATS]


def test_a_proposed_session_is_found_by_its_people_brief_and_status() -> None:
    state = given(SESSION, PROPOSED).state
    expected = {f"developer:dev_{lane}" for lane in LANES} | {"brief:b1", "status:proposed"}
    assert SESSION.fold.tags(state) == expected
    assert SESSION.fold.due_at_us(state) == DEADLINE_US + 1


def test_a_developer_takes_the_seat_that_is_theirs() -> None:
    given(SESSION, PROPOSED).when(accepted(SEATS[0])).then(taken(SEATS[0]))
    given(SESSION, PROPOSED).when(accepted(SEATS[0], DEADLINE_US)).then(taken(SEATS[0], DEADLINE_US))


def test_nobody_takes_anothers_seat_nor_too_late() -> None:
    given(SESSION, PROPOSED).when(replace(accepted(SEATS[0]), developer="dev_designer")).nothing()
    given(SESSION, PROPOSED).when(replace(accepted(SEATS[0]), seat="s1.cook")).nothing()
    given(SESSION, PROPOSED).when(accepted(SEATS[0], DEADLINE_US + 1)).nothing()
    given(SESSION).when(accepted(SEATS[0])).nothing()


def test_who_takes_a_seat_twice_took_it_the_first_time_and_in_doubt_without_introduction() -> None:
    once = (PROPOSED, taken(SEATS[0], introduce=True))
    given(SESSION, *once).when(accepted(SEATS[0], introduce=True)).nothing()
    given(SESSION, *once).when(accepted(SEATS[0], NOW_US + 1)).nothing()
    state = given(SESSION, *once).when(accepted(SEATS[0], NOW_US - 1)).then(taken(SEATS[0], NOW_US - 1))
    assert (state.accepted, state.introduce) == ({SEATS[0].id: NOW_US - 1}, frozenset())
    given(SESSION, *once).when(accepted(SEATS[0])).then(taken(SEATS[0]))


def test_only_the_holder_forfeits_a_seat_in_time_and_at_the_earliest_instant() -> None:
    given(SESSION, PROPOSED).when(forfeited(SEATS[1])).then(noted(SEATS[1]))
    given(SESSION, PROPOSED).when(forfeited(SEATS[1], DEADLINE_US + 1)).nothing()
    given(SESSION, PROPOSED).when(replace(forfeited(SEATS[1]), developer="dev_designer")).nothing()
    given(SESSION, PROPOSED, noted(SEATS[1])).when(forfeited(SEATS[1], NOW_US + 1)).nothing()
    given(SESSION, PROPOSED, noted(SEATS[1])).when(forfeited(SEATS[1], NOW_US - 1)).then(
        noted(SEATS[1], NOW_US - 1)
    )
    given(SESSION).when(forfeited(SEATS[1])).nothing()


def test_the_fifth_seat_forms_the_session_when_all_until_then_is_known() -> None:
    last_us = NOW_US + MINUTE_US
    formed = SessionFormed(
        "s1", "b1", "client_1", SEATS, ("dev_researcher", "dev_marketer"), last_us, last_us + HOUR_US
    )
    complete = given(SESSION, PROPOSED, *FOUR).when(accepted(SEATS[4], last_us, introduce=True))
    state = complete.then(taken(SEATS[4], last_us, introduce=True))
    assert (state.status, SESSION.fold.due_at_us(state)) == ("proposed", last_us + 1)
    past = (PROPOSED, *FOUR, taken(SEATS[4], last_us, introduce=True))
    state = given(SESSION, *past).when(Due(last_us + 1), at_us=DEADLINE_US).then(formed)
    assert (state.status, SESSION.fold.due_at_us(state)) == ("formed", None)
    assert "status:formed" in SESSION.fold.tags(state)


def test_after_the_deadline_every_seat_goes_back_with_its_reason() -> None:
    outcome = given(SESSION, PROPOSED, *FOUR).when(Due(DEADLINE_US + 1), at_us=DEADLINE_US + 1)
    state = outcome.then(
        *returned({SEATS[4].lane: "not accepted in time"}, "session dissolved"),
        SessionDissolved("s1", "b1", "not all seats were accepted in time"),
    )
    assert (state.status, SESSION.fold.due_at_us(state)) == ("dissolved", None)
    assert state == Session(proposed=PROPOSED, status="dissolved")


LAST_OPT_IN = "a developer's last opt-in ended"


def test_a_seat_forfeited_before_the_fifth_is_taken_dissolves_the_session() -> None:
    past = (PROPOSED, *FOUR, taken(SEATS[4], NOW_US + 2), noted(SEATS[2], NOW_US + 1))
    state = given(SESSION, *past).state
    assert SESSION.fold.due_at_us(state) == NOW_US + 2
    dissolved = (
        *returned({SEATS[2].lane: LAST_OPT_IN}, "session dissolved"),
        SessionDissolved("s1", "b1", LAST_OPT_IN),
    )
    given(SESSION, *past).when(Due(NOW_US + 2)).then(*dissolved)
    # What came after the instant that settled it leaves no trace.
    given(SESSION, *past, noted(SEATS[0], NOW_US + 3)).when(Due(NOW_US + 2)).then(*dissolved)


def test_a_seat_forfeited_at_the_instant_of_the_fifth_dissolves_and_one_later_does_not() -> None:
    past = (PROPOSED, *FOUR, taken(SEATS[4], NOW_US + 1))
    at_once = given(SESSION, *past, noted(SEATS[0], NOW_US + 1)).when(Due(NOW_US + 2)).after
    assert at_once.status == "dissolved"
    later = given(SESSION, *past, noted(SEATS[0], NOW_US + 2)).when(Due(NOW_US + 2)).after
    assert (later.status, later.formed.formed_at_us, later.forfeits) == ("formed", NOW_US + 1, {})


def test_a_settled_session_is_not_touched_any_more() -> None:
    formed = SessionFormed("s1", "b1", "client_1", SEATS, (), NOW_US, NOW_US + HOUR_US)
    for end in (formed, SessionDissolved("s1", "b1", "late")):
        past = (PROPOSED, *FOUR, end)
        given(SESSION, *past).when(Due(DEADLINE_US + 1)).nothing()
        given(SESSION, *past).when(forfeited(SEATS[1])).nothing()
        given(SESSION, *past).when(accepted(SEATS[4])).nothing()


INSTANTS = st.integers(NOW_US, NOW_US + 3)


@st.composite
def words(draw_: st.DrawFn) -> list[Event]:
    """What five people say of their seats, at few instants, in two orders."""
    said: list[Event] = [accepted(seat, draw_(INSTANTS), draw_(st.booleans())) for seat in SEATS]
    for seat in draw_(st.lists(st.sampled_from(SEATS), max_size=3)):
        said.append(accepted(seat, draw_(INSTANTS), draw_(st.booleans())))
    for seat in draw_(st.lists(st.sampled_from(SEATS), max_size=3)):
        said.append(forfeited(seat, draw_(INSTANTS) + 1))
    return said


@always(words(), st.randoms(use_true_random=False), INSTANTS)
def test_the_order_of_handling_leaves_no_trace(said: list[Event], dice: Random, caught_up_us: int) -> None:
    """One is ticked whenever its watermark moves, the other only once it knows everything."""
    house, other = Settled(FUNCTION), Settled(FUNCTION)
    for each in (house, other):
        each.append(SESSION.fold, "session/s1", [PROPOSED])
    early = [body for body in said if instant(body) <= caught_up_us]
    late = [body for body in said if instant(body) > caught_up_us]
    for some in (early, late):
        dice.shuffle(some)
        for body in some:
            house.take(body, instant(body))
        house.tick(caught_up_us + 1 if some is early else DEADLINE_US + 1)
    dice.shuffle(said)
    for body in said:
        other.take(body, instant(body))
    other.tick(DEADLINE_US + 1)
    assert house.state("session/s1") == other.state("session/s1")
    assert house.state("session/s1").status in ("formed", "dissolved")


def instant(body: Event) -> int:
    match body:
        case SeatAccepted(accepted_at_us=at_us) | SeatForfeited(forfeited_at_us=at_us):
            return at_us
        case _:
            raise AssertionError(body)


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
    house.tick(NOW_US + SEAT_DEADLINE_US + 1)
    assert house.state(f"session/{session}").status == "dissolved"
    assert {house.state(f"ticket/dev_{lane}").status for lane in LANES} == {"queued"}
    assert house.state("demand/b1").wanted == 1
    assert redraw(house, NOW_US + SEAT_DEADLINE_US) not in ("", session)


def test_a_revocation_between_draw_and_formation_frees_the_other_four() -> None:
    house, session = drawn()
    house.take(OptInRevoked("i", ("dev_designer", "dev_x"), "dev_x", NOW_US), NOW_US)
    house.tick(NOW_US + 1)
    assert house.state(f"session/{session}").status == "dissolved"
    tagged = [s for s, state in house.states.items() if "queued" in _fold(s.partition("/")[0]).tags(state)]
    assert sorted(tagged) == sorted(f"ticket/dev_{lane}" for lane in LANES if lane != "designer")

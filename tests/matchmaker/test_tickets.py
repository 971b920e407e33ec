"""One developer's standing and ticket, and one brief's demand."""

from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.matchmaker.decide import DEMAND, TICKET
from functions.matchmaker.main import FUNCTION
from shared.domain.event import Due, Event
from shared.domain.instants import HOUR_US
from shared.domain.matches import (
    AvailabilityChanged,
    DemandOpened,
    DemandReturned,
    DemandTaken,
    Seat,
    SeatForfeited,
    SeatReturned,
    SessionDissolved,
    StandingGained,
    StandingLost,
    Ticket,
    TicketCleared,
    TicketDrawn,
    TicketExpired,
    TicketForgotten,
    TicketQueued,
    TicketReturned,
    TicketState,
)
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.profiles import ProfileObserved
from shared.domain.requests import BriefOpened, ErasureRequested, TicketRequested
from shared.domain.results import SessionCleared
from shared.domain.standing import OPT_INS_MAX, OptIns
from tests.given import NOW_US, arriving, given
from tests.settled import Settled

ALICE, BOB = "dev_alice", "dev_bob"
EXPIRES_US = NOW_US + HOUR_US
REQUEST = TicketRequested("t1", ALICE, "designer", "engineer", ("en",), 1.0, "default", NOW_US, EXPIRES_US)
TICKET_1 = Ticket("t1", "designer", "engineer", ("en",), 1.0, "default", EXPIRES_US, requested_at_us=NOW_US)
QUEUED = TicketQueued(ALICE, TICKET_1)
DRAWN = TicketDrawn(ALICE, "t1", "s1.designer", "s1")
GAINED, LOST = StandingGained("i1"), StandingLost("i1", NOW_US)


def confirmed(invitation: str = "i1") -> OptInConfirmed:
    return OptInConfirmed(invitation, "r", (ALICE, BOB), ("a", "b"), "sprint-match/1", "sha256:", NOW_US)


def revoked(invitation: str = "i1", at_us: int = NOW_US) -> OptInRevoked:
    return OptInRevoked(invitation, (ALICE, BOB), BOB, at_us)


def profile(busy: bool, at_us: int = NOW_US) -> ProfileObserved:
    return ProfileObserved(ALICE, "alice", at_us, busy=busy)


def tags(state: TicketState) -> frozenset[str]:
    return TICKET.fold.tags(state)


def test_an_opt_in_gives_standing_to_both_parties() -> None:
    assert list(TICKET.streams(arriving(confirmed()))) == [f"ticket/{ALICE}", f"ticket/{BOB}"]
    assert given(TICKET).when(confirmed()).then(GAINED).opt_ins.in_force == {"i1"}
    given(TICKET, GAINED).when(confirmed()).nothing()


def test_a_revoked_opt_in_that_is_heard_of_late_stays_revoked() -> None:
    state = given(TICKET).when(revoked()).then(LOST)
    assert not state.opt_ins.stands
    given(TICKET, LOST).when(confirmed()).nothing()
    given(TICKET, LOST).when(revoked()).nothing()


def test_an_opt_in_ended_when_it_was_first_taken_back() -> None:
    given(TICKET, LOST).when(revoked(at_us=NOW_US + 1)).nothing()
    earlier = StandingLost("i1", NOW_US - 1)
    assert given(TICKET, LOST).when(revoked(at_us=NOW_US - 1)).then(earlier).opt_ins.ended == {
        "i1": NOW_US - 1
    }


def test_standings_are_bounded() -> None:
    full = TicketState(opt_ins=OptIns(frozenset(f"{n:04}" for n in range(OPT_INS_MAX))))
    assert TICKET.decide(full, arriving(confirmed("one-more"))) == []
    ended = TicketState(opt_ins=OptIns(ended={f"{n:04}": n for n in range(OPT_INS_MAX)}))
    after = TICKET.fold.evolve(ended, StandingLost("one-more", NOW_US))
    assert list(after.opt_ins.ended) == [*(f"{n:04}" for n in range(1, OPT_INS_MAX)), "one-more"]


def test_a_requested_ticket_is_queued_and_expires() -> None:
    state = given(TICKET, GAINED).when(REQUEST).then(QUEUED)
    assert TICKET.fold.due_at_us(state) == EXPIRES_US
    due = given(TICKET, GAINED, QUEUED).when(Due(EXPIRES_US), at_us=EXPIRES_US)
    state = due.then(TicketExpired(ALICE, "t1"))
    assert (state.status, TICKET.fold.due_at_us(state), tags(state)) == ("expired", None, frozenset())


def test_a_newer_request_replaces_a_waiting_ticket_and_an_older_one_does_not() -> None:
    newer = replace(REQUEST, ticket="t2", requested_at_us=NOW_US + 1)
    ticket_2 = replace(TICKET_1, id="t2", requested_at_us=NOW_US + 1)
    assert given(TICKET, QUEUED).when(newer).then(TicketQueued(ALICE, ticket_2)).ticket == ticket_2
    given(TICKET, TicketQueued(ALICE, ticket_2)).when(REQUEST).nothing()
    given(TICKET, QUEUED).when(replace(REQUEST, ticket="t0")).nothing()


@pytest.mark.parametrize("end", [TicketExpired(ALICE, "t1"), TicketCleared(ALICE, "t1", "s1")])
def test_after_the_end_of_one_ticket_another_may_be_requested(end: Event) -> None:
    newer = replace(REQUEST, ticket="t2", requested_at_us=NOW_US + 1)
    state = given(TICKET, GAINED, QUEUED, end).when(newer).after
    assert state.status == "queued"
    assert tags(state) == {"queued"}


def test_a_request_is_ignored_while_a_seat_is_held() -> None:
    given(TICKET, QUEUED, DRAWN).when(replace(REQUEST, ticket="t2", requested_at_us=NOW_US + 1)).nothing()


def test_only_a_waiting_ticket_of_an_opted_in_developer_who_is_not_busy_can_be_drawn() -> None:
    busy = AvailabilityChanged(ALICE, True, NOW_US)
    assert tags(given(TICKET, GAINED, QUEUED).state) == {"queued"}
    assert tags(given(TICKET, QUEUED).state) == frozenset()
    assert tags(given(TICKET, GAINED, QUEUED, busy).state) == frozenset()
    assert tags(given(TICKET, GAINED, QUEUED, DRAWN).state) == frozenset()
    assert tags(given(TICKET, GAINED, QUEUED, LOST).state) == frozenset()


def test_a_busy_profile_changes_availability_when_it_is_news() -> None:
    given(TICKET).when(profile(True)).then(AvailabilityChanged(ALICE, True, NOW_US))
    given(TICKET).when(profile(False)).nothing()
    busy = AvailabilityChanged(ALICE, True, NOW_US)
    given(TICKET, busy).when(profile(False, NOW_US + 1)).then(AvailabilityChanged(ALICE, False, NOW_US + 1))
    given(TICKET, busy).when(profile(False, NOW_US - 1)).nothing()


def test_a_returned_seat_puts_the_ticket_back() -> None:
    returned = SeatReturned("s1", "s1.designer", ALICE, "t1", "session dissolved")
    state = given(TICKET, GAINED, QUEUED, DRAWN).when(returned).then(TicketReturned(ALICE, "t1", "s1"))
    assert (state.status, state.seat, state.session) == ("queued", None, None)
    assert tags(state) == {"queued"}
    given(TICKET, GAINED, QUEUED).when(returned).nothing()


def test_a_ticket_that_expired_meanwhile_is_returned_to_nothing() -> None:
    returned = SeatReturned("s1", "s1.designer", ALICE, "t1", "session dissolved")
    outcome = given(TICKET, GAINED, QUEUED, DRAWN).when(returned, at_us=EXPIRES_US)
    state = outcome.then(TicketReturned(ALICE, "t1", "s1"), TicketExpired(ALICE, "t1"))
    assert (state.status, TICKET.fold.due_at_us(state)) == ("expired", None)


def test_a_cleared_session_uses_its_tickets_up() -> None:
    seats = tuple(Seat(f"s1.{dev}", "designer", dev, "t1") for dev in (ALICE, BOB))
    cleared = SessionCleared("s1", "b1", seats)
    assert list(TICKET.streams(arriving(cleared))) == [f"ticket/{ALICE}", f"ticket/{BOB}"]
    state = given(TICKET, GAINED, QUEUED, DRAWN).when(cleared).then(TicketCleared(ALICE, "t1", "s1"))
    assert (state.status, TICKET.fold.due_at_us(state)) == ("cleared", None)
    given(TICKET, GAINED, QUEUED, DRAWN).when(replace(cleared, session="s2")).nothing()


def test_losing_the_last_opt_in_forfeits_a_held_seat() -> None:
    past = (GAINED, QUEUED, DRAWN)
    given(TICKET, *past).when(revoked()).then(LOST, forfeited(NOW_US))
    given(TICKET, *past, StandingGained("i2")).when(revoked()).then(LOST)


def test_a_seat_is_forfeited_when_the_last_opt_in_ended_and_not_when_that_was_heard_of() -> None:
    past = (GAINED, StandingGained("i2"), QUEUED, DRAWN)
    for first, second in (("i1", "i2"), ("i2", "i1")):
        ends = {"i1": NOW_US + 1, "i2": NOW_US + 2}
        lost = StandingLost(first, ends[first])
        given(TICKET, *past, lost).when(revoked(second, ends[second])).then(
            StandingLost(second, ends[second]), forfeited(NOW_US + 2)
        )
    earlier = StandingLost("i1", NOW_US - 1)
    given(TICKET, GAINED, QUEUED, DRAWN, LOST).when(revoked(at_us=NOW_US - 1)).then(
        earlier, forfeited(NOW_US - 1)
    )


def forfeited(at_us: int) -> SeatForfeited:
    return SeatForfeited(ALICE, "t1", "s1.designer", "s1", at_us)


@always(st.permutations([confirmed(), revoked(), confirmed("i2"), REQUEST, profile(True)]))
def test_standing_and_ticket_do_not_depend_on_the_order(bodies: list[Event]) -> None:
    house = Settled(FUNCTION)
    for body in bodies:
        house.take(body, NOW_US)
    assert house.state(f"ticket/{ALICE}") == TicketState(
        ALICE,
        OptIns(frozenset({"i2"}), {"i1": NOW_US}),
        busy=True,
        observed_at_us=NOW_US,
        ticket=TICKET_1,
        status="queued",
    )


ERASURE = ErasureRequested(ALICE, NOW_US + 1, ("i1",))
FORGOTTEN = TicketForgotten(ALICE, NOW_US + 1)
NEWER = replace(REQUEST, ticket="t2", requested_at_us=NOW_US + 2)


def test_an_erased_developers_ticket_waits_no_more_and_only_a_later_one_does() -> None:
    assert list(TICKET.streams(arriving(ERASURE))) == [f"ticket/{ALICE}"]
    state = given(TICKET, GAINED, QUEUED).when(ERASURE).then(FORGOTTEN)
    assert (state.ticket, state.status, tags(state)) == (None, "none", frozenset())
    given(TICKET, GAINED, FORGOTTEN).when(REQUEST).nothing()
    given(TICKET, GAINED, FORGOTTEN).when(ERASURE).nothing()
    assert tags(given(TICKET, GAINED, FORGOTTEN).when(NEWER).after) == {"queued"}


def test_an_erased_developer_forfeits_a_held_seat_and_its_ticket_does_not_come_back() -> None:
    seat = forfeited(NOW_US + 1)
    given(TICKET, GAINED, QUEUED, DRAWN).when(ERASURE).then(seat, FORGOTTEN)
    returned = SeatReturned("s1", "s1.designer", ALICE, "t1", "session dissolved")
    given(TICKET, GAINED, QUEUED, DRAWN, seat, FORGOTTEN).when(returned).nothing()


@always(st.permutations([confirmed(), REQUEST, profile(True), ERASURE, NEWER, confirmed("i2")]))
def test_what_is_forgotten_does_not_depend_on_the_order(bodies: list[Event]) -> None:
    house = Settled(FUNCTION)
    for body in bodies:
        house.take(body, NOW_US)
    assert house.state(f"ticket/{ALICE}") == TicketState(
        ALICE,
        OptIns(frozenset({"i1", "i2"}), erased_at_us=NOW_US + 1),
        observed_at_us=NOW_US + 1,
        ticket=replace(TICKET_1, id="t2", requested_at_us=NOW_US + 2),
        status="queued",
    )


BRIEF = BriefOpened("b1", "client_1", "Which headline?", "Which one?", "default", 2, 3600, 6, NOW_US)
OPENED = DemandOpened("b1", "client_1", "default", 2, 3600, NOW_US)


def wanted(*past: Any) -> tuple[int, frozenset[str]]:
    state = given(DEMAND, *past).state
    return state.wanted, DEMAND.fold.tags(state)


def test_a_brief_wants_its_sessions_until_it_has_them() -> None:
    given(DEMAND).when(BRIEF).then(OPENED)
    given(DEMAND, OPENED).when(BRIEF).nothing()
    assert wanted() == (0, frozenset())
    assert wanted(OPENED) == (2, frozenset({"wanted"}))
    assert wanted(OPENED, DemandTaken("b1", "s1")) == (1, frozenset({"wanted"}))
    assert wanted(OPENED, DemandTaken("b1", "s1"), DemandTaken("b1", "s2")) == (0, frozenset())


def test_a_dissolved_session_is_wanted_again() -> None:
    past = (OPENED, DemandTaken("b1", "s1"), DemandTaken("b1", "s2"))
    given(DEMAND, *past).when(SessionDissolved("s1", "b1", "late")).then(DemandReturned("b1", "s1"))
    assert wanted(*past, DemandReturned("b1", "s1")) == (1, frozenset({"wanted"}))
    given(DEMAND, *past).when(SessionDissolved("s9", "b1", "late")).nothing()

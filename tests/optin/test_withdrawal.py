"""An opt-in taken back without a commit: as good as a revocation by that party, whatever else comes when."""

from itertools import permutations

import pytest

from functions.optin.decide import INVITATION, WITHDRAWN_MAX, WITHHELD_MAX
from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event
from shared.domain.instants import HOUR_US
from shared.domain.optins import Invitation, OptInRevoked, StatementWithheld, WithdrawalNoted
from shared.domain.requests import ErasureRequested, OptInWithdrawn, WithholdingRequested
from tests.given import NOW_US, given
from tests.optin.facts import ADMITTED, confirmed, responded
from tests.optin.said import ALICE, BOB, CAROL, HASH, accept, invite
from tests.settled import Settled

LATER_US = NOW_US + HOUR_US
YES = accept()


def withdrawn(by: str, at_us: int = LATER_US) -> OptInWithdrawn:
    return OptInWithdrawn(by, HASH, at_us)


def settled(*bodies: Event) -> Invitation:
    """The invitation after inputs, each at its own instant, and the watermark behind all of them."""
    house = Settled(FUNCTION)
    for body in bodies:
        at_us = body.received_at_us if isinstance(body, EntryRecorded) else LATER_US
        house.take(body, at_us)
        house.tick(NOW_US + 1)
    state: Invitation = house.state(f"invitation/{HASH}")
    return state


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_either_party_ends_a_confirmed_opt_in(by: str) -> None:
    past = (*ADMITTED, responded(YES, "accept"), confirmed(YES))
    outcome = given(INVITATION, *past).when(withdrawn(by), at_us=LATER_US)
    revoked = OptInRevoked(HASH, (ALICE, BOB), by, LATER_US)
    state = outcome.then(WithdrawalNoted(HASH, by, LATER_US), revoked)
    assert state.status == "revoked"
    given(INVITATION, *past, *outcome.events).when(withdrawn(by), at_us=LATER_US + 1).nothing()


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_whoever_wants_to_be_forgotten_ends_their_opt_ins(by: str) -> None:
    past = (*ADMITTED, responded(YES, "accept"), confirmed(YES))
    asked = ErasureRequested(by, LATER_US, (HASH, "ab" * 20))
    outcome = given(INVITATION, *past).when(asked, at_us=LATER_US)
    revoked = OptInRevoked(HASH, (ALICE, BOB), by, LATER_US)
    assert outcome.then(WithdrawalNoted(HASH, by, LATER_US), revoked).status == "revoked"
    given(INVITATION).when(asked, at_us=LATER_US).nothing()


def test_somebody_else_ends_nothing() -> None:
    past = (*ADMITTED, responded(YES, "accept"), confirmed(YES))
    state = (
        given(INVITATION, *past)
        .when(withdrawn(CAROL), at_us=LATER_US)
        .then(WithdrawalNoted(HASH, CAROL, LATER_US))
    )
    assert state.status == "confirmed"


def test_who_was_invited_by_number_declines_and_is_found_before_answering() -> None:
    state = settled(invite(invitee="2/bob"))
    assert f"party:{BOB}" in INVITATION.fold.tags(state)
    state = settled(invite(invitee="2/bob"), withdrawn(BOB))
    assert (state.status, state.reason) == ("declined", "declined by the invitee")
    state = settled(invite(invitee="2/bob"), withdrawn(ALICE))
    assert (state.status, state.reason) == ("declined", "withdrawn by the inviter")


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_the_order_of_arrival_does_not_matter(by: str) -> None:
    found = [settled(*order) for order in permutations([invite(), YES, withdrawn(by)])]
    assert {state.status for state in found} == {"revoked"}
    assert [state.revoked for state in found] == [OptInRevoked(HASH, (ALICE, BOB), by, LATER_US)] * 6


def test_what_is_kept_of_strangers_is_bounded() -> None:
    past = [WithdrawalNoted(HASH, f"dev_{n}", NOW_US) for n in range(WITHDRAWN_MAX)]
    given(INVITATION, *past).when(withdrawn(CAROL), at_us=LATER_US).nothing()
    given(INVITATION, *past).when(withdrawn("dev_3"), at_us=NOW_US - 1).then(
        WithdrawalNoted(HASH, "dev_3", NOW_US - 1)
    )


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_strangers_leave_room_for_the_two_who_may_end_it(by: str) -> None:
    """Else whoever has enough accounts could keep somebody in an opt-in."""
    strangers = [WithdrawalNoted(HASH, f"dev_{n}", NOW_US) for n in range(WITHDRAWN_MAX)]
    past = (*ADMITTED, responded(YES, "accept"), confirmed(YES), *strangers)
    outcome = given(INVITATION, *past).when(withdrawn(by), at_us=LATER_US)
    assert outcome.after.status == "revoked"
    invited = given(INVITATION, *ADMITTED, *strangers).when(withdrawn(by), at_us=LATER_US)
    assert (invited.after.status == "declined") == (by == ALICE)


@pytest.mark.parametrize("statement", [invite(), YES])
def test_what_strangers_withhold_leaves_room_for_what_it_rests_on(statement: EntryRecorded) -> None:
    strangers = [StatementWithheld(HASH, f"{n:040x}", CAROL, NOW_US) for n in range(WITHHELD_MAX)]
    past = (*ADMITTED, responded(YES, "accept"), confirmed(YES), *strangers)
    asked = WithholdingRequested(str(statement.actor), statement.hash, statement.parties, HASH)
    assert given(INVITATION, *past).when(asked, at_us=LATER_US).after.status == "revoked"
    other = WithholdingRequested(CAROL, "f" * 40, (CAROL,), HASH)
    given(INVITATION, *past).when(other, at_us=LATER_US).nothing()

"""Declined, withdrawn or revoked by a commit, or withheld: how there comes to be no opt-in, or none any more."""

import pytest

from functions.optin.decide import INVITATION
from shared.domain.instants import DAY_US, HOUR_US
from shared.domain.optins import (
    OptInConfirmed,
    OptInDeclined,
    OptInRevoked,
    Responded,
    StatementWithheld,
)
from shared.domain.requests import WithholdingRequested
from tests.given import NOW_US, given
from tests.optin.facts import ADMITTED, after, confirmed, pair, refused, responded, status_after
from tests.optin.said import ALICE, BOB, CAROL, HASH, accept, decline, invite, revoke


def test_a_refusal_declines_it_for_good() -> None:
    no = decline()
    state = given(INVITATION, *ADMITTED).when(no)
    state.then(responded(no, "decline"), OptInDeclined(HASH, no.anchor, "declined by the invitee"))
    yes = accept(received_at_us=NOW_US + HOUR_US)
    assert status_after(invite(), no, yes) == ("declined", "declined by the invitee")
    assert status_after(yes, no, invite()) == ("declined", "declined by the invitee")


def test_the_inviter_may_withdraw_before_the_confirmation() -> None:
    back = revoke(actor=ALICE)
    later = accept(received_at_us=NOW_US + HOUR_US)
    for order in ([invite(), back, later], [back, invite(), later], [later, back, invite()]):
        assert status_after(*order) == ("declined", "withdrawn by the inviter")


def test_an_acceptance_taken_back_in_the_same_push_never_was() -> None:
    for order in ([accept(), revoke()], [revoke(), accept()]):
        assert status_after(invite(), *order) == ("declined", "declined by the invitee")


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_either_party_revokes_with_effect_on_receipt(by: str) -> None:
    yes, back = accept(), revoke(actor=by, received_at_us=NOW_US + HOUR_US)
    past = (*ADMITTED, responded(yes, "accept"), confirmed(yes))
    outcome = given(INVITATION, *past).when(back, at_us=NOW_US + DAY_US)
    state = outcome.then(responded(back, "revoke"), OptInRevoked(HASH, (ALICE, BOB), by, NOW_US + HOUR_US))
    assert state.status == "revoked"


def test_nobody_else_revokes() -> None:
    yes = accept()
    past = (*ADMITTED, responded(yes, "accept"), confirmed(yes))
    refused(revoke(actor=CAROL), "the invitation is to another account", *past)
    assert status_after(revoke(actor=CAROL), invite(), yes)[0] == "confirmed"


def test_taking_back_what_another_house_keeps_is_not_for_this_one() -> None:
    refused(revoke(actor=ALICE, House_Origin="https://elsewhere.example"), "House-Origin is not this House")


def test_a_revocation_that_is_handled_before_the_acceptance_still_ends_it() -> None:
    yes, back = accept(), revoke(received_at_us=NOW_US + HOUR_US)
    house = after(invite(), back, yes)
    said = [event for stream, event in house.happened if stream == f"invitation/{HASH}"]
    assert [type(event) for event in said[-2:]] == [OptInConfirmed, OptInRevoked]
    assert status_after(invite(), back, yes)[0] == status_after(invite(), yes, back)[0] == "revoked"


def test_a_refusal_that_is_handled_after_the_acceptance_undoes_the_confirmation() -> None:
    no, yes = decline(received_at_us=NOW_US), accept(received_at_us=NOW_US + HOUR_US)
    house = after(invite(), yes, no)
    said = [type(event) for stream, event in house.happened if stream == f"invitation/{HASH}"]
    assert said[-3:] == [Responded, OptInRevoked, OptInDeclined]
    assert not house.state(pair()).covers(NOW_US + 2 * HOUR_US)


@pytest.mark.parametrize("which", ["invitation", "acceptance"])
@pytest.mark.parametrize("by", [ALICE, BOB])
def test_withholding_a_commit_that_an_opt_in_rests_on_ends_it(which: str, by: str) -> None:
    asked, yes = invite(), accept()
    entry = asked if which == "invitation" else yes
    word = WithholdingRequested(by, entry.hash, tuple(sorted((ALICE, BOB))), HASH)
    house = after(asked, yes)
    house.take(word, NOW_US + HOUR_US)
    assert house.state(f"invitation/{HASH}").revoked == OptInRevoked(HASH, (ALICE, BOB), by, NOW_US + HOUR_US)
    assert not house.state(pair()).open
    early = after(asked)
    early.take(word, NOW_US)
    early.take(yes, NOW_US)
    assert early.state(f"invitation/{HASH}").reason == "a commit it rests on is withheld"


def test_who_is_no_party_of_the_entry_withholds_nothing() -> None:
    past = (*ADMITTED, responded(accept(), "accept"), confirmed(accept()))
    given(INVITATION, *past).when(WithholdingRequested(CAROL, invite().hash, (ALICE, BOB), HASH)).nothing()
    other = WithholdingRequested(BOB, "9" * 40, (ALICE, BOB), HASH)
    given(INVITATION, *past).when(other).then(StatementWithheld(HASH, "9" * 40, BOB, NOW_US))

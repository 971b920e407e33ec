"""Whom an invitation is to, whatever they are called, and whoever repeats its words."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from shared.domain.instants import DAY_US, HOUR_US, SECOND_US
from shared.domain.optins import Invitation
from tests.given import HOUSE, NOW_US
from tests.optin.facts import after, called, confirmed, pair, status_after
from tests.optin.said import ALICE, BOB, CAROL, HASH, accept, invite, revoke

MALLORY = HOUSE.pseudonym("github:66")
TO_BOB = "the invitation is to another account"
TAKEN_OVER = "the invitation is to the account that first answered under this login"


def test_a_number_decides_whatever_the_account_is_called_by_now() -> None:
    for yes in (accept(), called(accept(), "robert")):
        assert status_after(invite(House_Invite="github:2/bob"), yes) == ("confirmed", None)
        assert status_after(yes, invite(House_Invite="github:2/bob")) == ("confirmed", None)


def test_who_takes_the_invited_login_over_is_somebody_else() -> None:
    theft = called(accept(actor=MALLORY), "bob")
    for story in ([invite(House_Invite="github:2/bob"), theft], [theft, invite(House_Invite="github:2/bob")]):
        house = after(*story).state(f"invitation/{HASH}")
        assert (house.status, house.refusal_of(theft.hash)) == ("invited", TO_BOB)
        assert status_after(*story, called(accept(), "robert"))[0] == "confirmed"


def test_a_login_without_number_is_the_account_that_answers_first_under_it() -> None:
    yes = accept(received_at_us=NOW_US + HOUR_US)
    theft = called(accept(actor=MALLORY, received_at_us=NOW_US + DAY_US), "bob")
    back = called(revoke(received_at_us=NOW_US + 2 * DAY_US), "robert")
    stolen = called(revoke(actor=MALLORY, received_at_us=NOW_US + 2 * DAY_US), "bob")
    for story in (
        [invite(), yes, theft, stolen],
        [theft, stolen, yes, invite()],
        [theft, invite(), stolen, yes],
    ):
        state: Invitation = after(*story).state(f"invitation/{HASH}")
        assert state.status == "confirmed"
        assert state.confirmed
        assert state.confirmed.parties == (ALICE, BOB)
        assert state.refusal_of(theft.hash) == state.refusal_of(stolen.hash) == TAKEN_OVER
        assert status_after(*story, back)[0] == "revoked"


def test_whoever_was_called_otherwise_before_is_known_by_what_they_say_under_the_invited_login() -> None:
    before = called(accept(received_at_us=NOW_US + HOUR_US), "robert")
    under_it = accept(received_at_us=NOW_US + DAY_US)
    for story in permutations([invite(), before, under_it]):
        assert status_after(*story) == ("confirmed", None)


def test_whoever_was_confirmed_before_the_first_answer_was_known_is_confirmed_no_more() -> None:
    theft = called(accept(actor=MALLORY, received_at_us=NOW_US + DAY_US), "bob")
    firsts = {
        "confirmed": accept(received_at_us=NOW_US + HOUR_US),
        "declined": accept(BOB, NOW_US + HOUR_US, HASH, House_Terms="sha256:" + "00" * 32),
    }
    for status, first in firsts.items():
        house = after(invite(), theft, first)
        assert house.state(f"invitation/{HASH}").status == status
        assert not house.state(f"optin/{min(ALICE, MALLORY)}~{max(ALICE, MALLORY)}").open
        assert house.state(pair()).open == (status == "confirmed")


@pytest.mark.parametrize("login", ["b\u043eb", "\u212aob", "bob\u200b", "bob ", "bo\u0062\u0301", ""])
def test_a_login_that_only_looks_or_folds_alike_is_not_the_invited_one(login: str) -> None:
    copy = called(accept(actor=MALLORY), login)
    asked = invite(invitee="kob" if "\u212a" in login else "bob")
    assert after(asked, copy).state(f"invitation/{HASH}").status == "invited"
    assert after(copy, asked).state(f"invitation/{HASH}").status == "invited"


def test_inviting_ones_own_number_under_another_login_is_inviting_oneself() -> None:
    entry = invite(House_Invite="github:1/somebody")
    assert status_after(entry) == ("declined", "nobody invites themselves")
    assert status_after(invite(House_Invite="github:2/alice"), called(accept(), "x"))[0] == "confirmed"


# -- the same words in other commits


def test_an_amended_invitation_is_another_one_with_a_used_id() -> None:
    amended = invite(anchor="a" * 40, received_at_us=NOW_US + SECOND_US)
    house = after(invite(), amended, accept(invitation="a" * 40))
    assert house.state(f"invitation/{HASH}").status == "invited"
    other = house.state("invitation/" + "a" * 40)
    assert (other.status, other.reason) == ("declined", "its House-Id belongs to another invitation")
    assert other.refusal_of(amended.hash) == other.reason


def test_an_invitation_that_somebody_else_pushes_later_stays_its_inviters() -> None:
    copy = invite(actor=CAROL, received_at_us=NOW_US + SECOND_US)
    for story in ([invite(), copy, accept()], [copy, invite(), accept()], [accept(), invite(), copy]):
        state: Invitation = after(*story).state(f"invitation/{HASH}")
        assert (state.status, state.parties) == ("confirmed", (ALICE, BOB))
        assert state.refusal_of(copy.hash) == "another account pushed it first"


def test_a_cherry_picked_acceptance_is_the_same_yes_and_nobody_elses() -> None:
    yes = accept()
    picked = accept(received_at_us=NOW_US + HOUR_US)
    by_carol = replace(accept(actor=CAROL, received_at_us=NOW_US + HOUR_US), anchor=yes.anchor)
    for story in ([invite(), yes, picked, by_carol], [by_carol, picked, yes, invite()]):
        house = after(*story)
        assert house.state(f"invitation/{HASH}").confirmed == confirmed(yes)
        assert house.state(f"invitation/{HASH}").refusal_of(by_carol.hash) == TO_BOB


def test_two_invitations_that_cross_confirm_nothing_until_one_is_answered() -> None:
    back = invite(actor=BOB, invitee="alice", anchor="b" * 40, House_Id="1" * 32)
    house = after(invite(), back)
    assert {house.state(f"invitation/{commit}").status for commit in (HASH, "b" * 40)} == {"invited"}
    assert not house.state(pair()).open
    both = (accept(), accept(actor=ALICE, invitation="b" * 40))
    house = after(invite(), back, *both, revoke(received_at_us=NOW_US + HOUR_US))
    assert house.state(f"invitation/{HASH}").status == "revoked"
    assert house.state("invitation/" + "b" * 40).status == "confirmed"
    assert house.state(pair()).open

"""An invitation and its answer, rule by rule (DESIGN section 5)."""

import pytest
from msgspec.structs import replace

from functions.optin.answers import ANSWERS_MAX
from functions.optin.decide import INVITATION, REFUSED_MAX
from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due
from shared.domain.instants import DAY_US, HOUR_US, SECOND_US, rfc3339
from shared.domain.optins import (
    Invitation,
    InvitationAdmitted,
    OptInDeclined,
    OptInExpired,
)
from tests.given import NOW_US, given
from tests.optin.facts import ADMITTED, after, confirmed, invited, pair, refused, responded, status_after
from tests.optin.said import ALICE, BOB, CAROL, HASH, accept, invite
from tests.settled import Settled


def test_an_inviting_commit_makes_an_invitation() -> None:
    state = given(INVITATION).when(invite()).then(invited(invite()))
    assert state.status == "invited"
    assert INVITATION.fold.due_at_us(state) == NOW_US + 7 * DAY_US
    assert INVITATION.fold.tags(state) == {f"party:{ALICE}", "status:invited"}


def test_the_invitees_acceptance_confirms_it() -> None:
    yes = accept(received_at_us=NOW_US + HOUR_US)
    outcome = given(INVITATION, *ADMITTED).when(yes)
    state = outcome.then(responded(yes, "accept"), confirmed(yes, NOW_US + HOUR_US))
    assert (state.status, state.confirmed_at_us) == ("confirmed", NOW_US + HOUR_US)
    assert state.responded == responded(yes, "accept")
    assert INVITATION.fold.due_at_us(state) is None
    assert INVITATION.fold.tags(state) == {f"party:{ALICE}", f"party:{BOB}", "status:confirmed"}


def test_an_acceptance_that_comes_first_waits_for_its_invitation() -> None:
    yes = accept(received_at_us=NOW_US - HOUR_US)
    state = given(INVITATION).when(yes).then(responded(yes, "accept"))
    assert state.status == "responded"
    assert INVITATION.fold.due_at_us(state) == NOW_US - HOUR_US + 14 * DAY_US
    assert status_after(yes, invite()) == ("confirmed", None)
    assert after(yes, invite()).state(f"invitation/{HASH}").confirmed_at_us == NOW_US


def test_an_acceptance_whose_invitation_never_comes_expires() -> None:
    yes = accept()
    due_us = NOW_US + 14 * DAY_US
    state = (
        given(INVITATION, responded(yes, "accept"))
        .when(Due(due_us), at_us=due_us)
        .then(OptInExpired(HASH, due_us))
    )
    assert INVITATION.fold.due_at_us(state) is None


def test_an_invitation_without_a_response_expires() -> None:
    due_us = NOW_US + 7 * DAY_US
    state = (
        given(INVITATION, *ADMITTED)
        .when(Due(due_us), at_us=due_us + SECOND_US)
        .then(OptInExpired(HASH, due_us))
    )
    assert state.status == "expired"
    assert INVITATION.fold.due_at_us(state) is None


def test_a_response_received_in_time_confirms_even_when_it_is_handled_after_the_expiry() -> None:
    due_us = NOW_US + 7 * DAY_US
    yes = accept(received_at_us=due_us)
    outcome = given(INVITATION, *ADMITTED, OptInExpired(HASH, due_us)).when(yes, at_us=due_us + DAY_US)
    outcome.then(responded(yes, "accept"), confirmed(yes, due_us))


def test_a_response_received_after_the_expiry_is_refused() -> None:
    late = accept(received_at_us=NOW_US + 7 * DAY_US + 1)
    refused(late, "received after the invitation had expired")
    assert status_after(late, invite())[0] == "invited"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (invite(invitee="Alice"), "nobody invites themselves"),
        (
            invite(expires_us=NOW_US + 14 * DAY_US + SECOND_US),
            "House-Expires is more than 14 days after receipt",
        ),
        (invite(expires_us=NOW_US - SECOND_US), "House-Expires had passed on receipt"),
        (invite(House_Terms="sha256:" + "00" * 32), "House-Terms is not the digest of this House's notice"),
        (invite(House_Origin="https://elsewhere.example"), "House-Origin is not this House"),
        (invite(House_Purpose="newsletter/1"), "House-Purpose must be sprint-match/1"),
    ],
)
def test_an_invitation_that_breaks_a_rule_is_declined_with_the_reason(
    entry: EntryRecorded, reason: str
) -> None:
    state = given(INVITATION).when(entry).then(OptInDeclined(HASH, None, reason, entry.hash))
    assert state.refusal_of(entry.hash) == reason
    assert (state.status, INVITATION.fold.due_at_us(state)) == ("declined", None)
    assert status_after(entry, accept()) == ("declined", reason)
    assert status_after(accept(), entry) == ("declined", reason)


def test_an_expiry_of_exactly_fourteen_days_is_allowed() -> None:
    assert status_after(invite(expires_us=NOW_US + 14 * DAY_US))[0] == "invited"


def test_the_invitation_pushed_by_its_invitee_spoils_nothing() -> None:
    copy = invite(actor=BOB, received_at_us=NOW_US + HOUR_US)
    for order in ([invite(), copy, accept()], [copy, invite(), accept()], [copy, accept(), invite()]):
        assert status_after(*order) == ("confirmed", None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"House_Terms": "sha256:" + "00" * 32}, "House-Terms is not the digest of this House's notice"),
        ({"House_Origin": "https://elsewhere.example"}, "House-Origin is not this House"),
    ],
)
def test_an_acceptance_of_something_else_is_declined_and_may_be_made_good(
    changed: dict[str, str], reason: str
) -> None:
    wrong = accept(BOB, NOW_US, HASH, **changed)
    assert status_after(invite(), wrong) == ("declined", reason)
    assert status_after(wrong, invite()) == ("declined", reason)
    assert status_after(invite(), wrong, accept()) == ("confirmed", None)


def test_an_acceptance_of_other_terms_than_the_invitations_does_not_confirm() -> None:
    older = replace(invited(invite()), terms="sha256:" + "11" * 32)
    yes = accept()
    reason = "House-Terms is not what the invitation says"
    outcome = given(INVITATION, older, InvitationAdmitted(HASH)).when(yes)
    outcome.then(responded(yes, "accept"), OptInDeclined(HASH, yes.anchor, reason, yes.hash))


def test_only_the_invitee_may_accept_in_whatever_case_the_login_is_written() -> None:
    refused(accept(actor=CAROL), "the invitation is to another account")
    refused(accept(actor=ALICE), "nobody answers their own invitation")
    assert status_after(invite(invitee="BoB"), accept())[0] == "confirmed"
    assert status_after(accept(actor=CAROL), invite())[0] == "invited"


@pytest.mark.parametrize("unproven", [{"grade": "claimed"}, {"actor": None}, {"actor_login": None}])
def test_a_commit_that_only_its_author_line_vouches_for_counts_for_nothing(
    unproven: dict[str, str | None],
) -> None:
    reason = "nobody is known to say it: only the author line vouches for it"
    refused(replace(invite(), **unproven), reason)
    refused(replace(accept(), **unproven), reason)
    assert status_after(replace(invite(), **unproven)) == ("unknown", None)


def test_a_signed_commit_counts() -> None:
    assert (
        status_after(replace(invite(), grade="signed"), replace(accept(), grade="signed"))[0] == "confirmed"
    )


def test_an_earlier_copy_moves_the_confirmation_to_its_receipt() -> None:
    yes, copy = accept(received_at_us=NOW_US + HOUR_US), accept(received_at_us=NOW_US + SECOND_US)
    assert after(invite(), yes, copy).state(f"invitation/{HASH}").confirmed_at_us == NOW_US + SECOND_US
    assert after(invite(), copy, yes).state(f"invitation/{HASH}").confirmed_at_us == NOW_US + SECOND_US


def test_earlier_entries_are_covered_only_when_both_say_since() -> None:
    early, late = rfc3339(NOW_US - DAY_US), rfc3339(NOW_US - HOUR_US)
    asked, yes = invite(House_Since=early), accept(House_Since=late)
    for story, since_us in (
        ([asked, yes], NOW_US - HOUR_US),
        ([yes, asked], NOW_US - HOUR_US),
        ([asked, accept()], None),
        ([invite(), yes], None),
    ):
        state: Invitation = after(*story).state(f"invitation/{HASH}")
        assert state.confirmed
        assert (state.confirmed.since_us, state.confirmed_at_us) == (since_us, NOW_US)
    assert after(asked, yes).state(pair()).covers(NOW_US - HOUR_US)
    assert not after(asked, yes).state(pair()).covers(NOW_US - HOUR_US - 1)


def test_answers_to_an_unknown_invitation_are_bounded() -> None:
    house = Settled(FUNCTION)
    for n in range(2 * ANSWERS_MAX):
        house.take(accept(actor=f"dev_{n}", received_at_us=NOW_US + n), NOW_US + n)
    assert len(house.state(f"invitation/{HASH}").answers) == ANSWERS_MAX


def test_one_account_leaves_room_for_the_answers_of_others() -> None:
    """However often it answers, and however it is called each time; the invitation's hash may be known before us."""
    flood = [
        replace(accept(actor=CAROL, received_at_us=NOW_US - 1_000 + n), actor_handle=f"login_{n}")
        for n in range(2 * ANSWERS_MAX)
    ]
    wrong = accept(received_at_us=NOW_US - 10, House_Terms="sha256:" + "00" * 32)
    state: Invitation = after(*flood, wrong, accept(), invite(invitee="2/bob")).state(f"invitation/{HASH}")
    assert state.confirmed
    assert state.confirmed.parties == (ALICE, BOB)


def test_an_ordinary_commit_concerns_no_invitation() -> None:
    assert list(after(replace(invite(), trailers=None)).states) == []


def test_refusals_are_bounded() -> None:
    house = Settled(FUNCTION)
    house.take(invite(), NOW_US)
    for n in range(REFUSED_MAX + 10):
        house.take(accept(actor=f"dev_{n}", received_at_us=NOW_US + n), NOW_US + n)
    assert len(house.state(f"invitation/{HASH}").refused) == REFUSED_MAX

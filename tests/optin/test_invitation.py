"""An invitation and its answer, rule by rule (DESIGN section 5)."""

from hashlib import sha1

import pytest
from msgspec.structs import replace

from functions.optin.answers import ANSWERS_MAX
from functions.optin.decide import INVITATION, REFUSED_MAX
from functions.optin.house_id import ASKED_MAX
from functions.optin.house_id import HOUSE_ID as OWNERSHIP
from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event
from shared.domain.handles import handle_of
from shared.domain.instants import DAY_US, HOUR_US, SECOND_US, rfc3339
from shared.domain.optins import (
    Answer,
    HouseId,
    IdAskedFor,
    IdClaimed,
    IdRefused,
    Invitation,
    InvitationAdmitted,
    Invited,
    OptInConfirmed,
    OptInDeclined,
    OptInExpired,
    OptInRevoked,
    Responded,
    StatementRefused,
    StatementWithheld,
)
from shared.domain.requests import WithholdingRequested
from tests.given import HOUSE, NOW_US, arriving, given
from tests.optin.said import ALICE, BOB, CAROL, HASH, HOUSE_ID, LOGINS, accept, decline, invite, revoke
from tests.settled import Settled


def handle(login: str) -> str:
    return handle_of(login, HOUSE.pseudonym)


def invited(by: EntryRecorded, invitee: str = "bob", expires_us: int = NOW_US + 7 * DAY_US) -> Invited:
    assert by.actor
    return Invited(
        HASH,
        by.hash,
        by.actor,
        LOGINS[by.actor],
        invitee,
        "sprint-match/1",
        HOUSE.terms,
        HOUSE_ID,
        by.received_at_us,
        expires_us,
        inviter_handle=handle(LOGINS[by.actor]),
        invitee_handle=handle(invitee),
    )


def responded(by: EntryRecorded, answer: Answer, refusal: str | None = None) -> Responded:
    assert by.actor
    assert by.anchor
    terms = (by.trailers or {}).get("House-Terms")
    return Responded(
        HASH,
        by.anchor,
        by.hash,
        by.actor,
        LOGINS[by.actor],
        answer,
        terms,
        by.received_at_us,
        refusal,
        responder_handle=handle(LOGINS[by.actor]),
    )


def confirmed(by: EntryRecorded, at_us: int = NOW_US) -> OptInConfirmed:
    assert by.anchor
    return OptInConfirmed(
        HASH, by.anchor, (ALICE, BOB), ("alice", "bob"), "sprint-match/1", HOUSE.terms, at_us
    )


def after(*bodies: Event, at_us: int = NOW_US) -> Settled:
    """The function after inputs, one by one, its watermark a moment behind."""
    house = Settled(FUNCTION)
    for body in bodies:
        now_us = body.received_at_us if isinstance(body, EntryRecorded) else at_us
        house.take(body, now_us)
        house.tick(now_us + 1)
    return house


def status_after(*bodies: Event) -> tuple[str, str | None]:
    state: Invitation = after(*bodies).state(f"invitation/{HASH}")
    return state.status, state.reason


ADMITTED = (invited(invite()), InvitationAdmitted(HASH))


def refused(said: EntryRecorded, reason: str, *past: Event) -> None:
    """What is said to an invitation counts for nothing, and its entry says why."""
    outcome = given(INVITATION, *(past or ADMITTED)).when(said)
    # What an earlier answer may yet make count is kept.
    effects = [event for event in outcome.events if not isinstance(event, Responded)]
    assert effects == [StatementRefused(HASH, said.hash, reason)]
    assert outcome.after.refusal_of(said.hash) == reason
    assert INVITATION.decide(outcome.after, arriving(said)) == []


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
    assert not house.state(_pair()).covers(NOW_US + 2 * HOUR_US)


def _pair() -> str:
    return f"optin/{min(ALICE, BOB)}~{max(ALICE, BOB)}"


def test_an_earlier_copy_moves_the_confirmation_to_its_receipt() -> None:
    yes, copy = accept(received_at_us=NOW_US + HOUR_US), accept(received_at_us=NOW_US + SECOND_US)
    assert after(invite(), yes, copy).state(f"invitation/{HASH}").confirmed_at_us == NOW_US + SECOND_US
    assert after(invite(), copy, yes).state(f"invitation/{HASH}").confirmed_at_us == NOW_US + SECOND_US


def test_a_house_id_is_used_once() -> None:
    other = "1" * 40
    house = after(invite(), invite(anchor=other), accept(), accept(invitation=other))
    assert house.state(f"invitation/{HASH}").status == "confirmed"
    second = house.state(f"invitation/{other}")
    assert (second.status, second.reason) == ("declined", "its House-Id belongs to another invitation")
    assert IdClaimed(HOUSE_ID, HASH) in [event for _, event in house.happened]
    assert IdRefused(HOUSE_ID, other, HASH) in [event for _, event in house.happened]


ID_ASKED, RIVAL = IdAskedFor(HOUSE_ID, HASH, NOW_US), "1" * 40


def test_a_house_id_is_whose_who_was_received_first_also_when_handled_last() -> None:
    state = given(OWNERSHIP).when(invited(invite())).then(ID_ASKED)
    assert OWNERSHIP.fold.due_at_us(state) == NOW_US + 1
    for rival_us, holder, other in (
        (NOW_US - 1, RIVAL, HASH),
        (NOW_US, RIVAL, HASH),
        (NOW_US + 1, HASH, RIVAL),
    ):
        rival = IdAskedFor(HOUSE_ID, RIVAL, rival_us)
        state = (
            given(OWNERSHIP, ID_ASKED, rival)
            .when(Due(NOW_US + 1))
            .then(IdClaimed(HOUSE_ID, holder), IdRefused(HOUSE_ID, other, holder))
        )
        assert state == HouseId(HOUSE_ID, holder)
        assert OWNERSHIP.fold.due_at_us(state) is None


def test_a_copy_asks_again_only_when_it_is_earlier() -> None:
    given(OWNERSHIP, ID_ASKED).when(invited(invite())).nothing()
    earlier = invited(invite(received_at_us=NOW_US - 1))
    given(OWNERSHIP, ID_ASKED).when(earlier).then(IdAskedFor(HOUSE_ID, HASH, NOW_US - 1))
    given(OWNERSHIP, ID_ASKED, IdClaimed(HOUSE_ID, HASH)).when(earlier).nothing()


def test_few_invitations_wait_for_one_house_id() -> None:
    asked = [IdAskedFor(HOUSE_ID, f"{n:040}", NOW_US + 1 + n) for n in range(ASKED_MAX)]
    outcome = given(OWNERSHIP, *asked).when(invited(invite()))
    state = outcome.then(ID_ASKED, IdRefused(HOUSE_ID, asked[-1].invitation, HASH))
    assert list(state.asked) == [HASH, *(ask.invitation for ask in asked[:-1])]


def test_nothing_is_confirmed_before_the_house_id_is_known_to_be_unused() -> None:
    yes = accept()
    given(INVITATION, invited(invite())).when(yes).then(responded(yes, "accept"))
    outcome = given(INVITATION, invited(invite()), responded(yes, "accept")).when(IdClaimed(HOUSE_ID, HASH))
    outcome.then(InvitationAdmitted(HASH), confirmed(yes))


def test_answers_to_an_unknown_invitation_are_bounded() -> None:
    house = Settled(FUNCTION)
    for n in range(2 * ANSWERS_MAX):
        house.take(accept(actor=f"dev_{n}", received_at_us=NOW_US + n), NOW_US + n)
    assert len(house.state(f"invitation/{HASH}").answers) == ANSWERS_MAX


def test_an_ordinary_commit_concerns_no_invitation() -> None:
    assert list(after(replace(invite(), trailers=None)).states) == []


# -- who is meant


MALLORY = HOUSE.pseudonym("github:66")
TO_BOB = "the invitation is to another account"
TAKEN_OVER = "the invitation is to the account that first answered under this login"


def called(entry: EntryRecorded, login: str) -> EntryRecorded:
    named = replace(entry, actor_login=login, actor_handle=handle(login))
    return replace(named, hash=sha1(f"{entry.hash}{login}".encode()).hexdigest())


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
        assert house.state(_pair()).open == (status == "confirmed")


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
    assert not house.state(_pair()).open
    both = (accept(), accept(actor=ALICE, invitation="b" * 40))
    house = after(invite(), back, *both, revoke(received_at_us=NOW_US + HOUR_US))
    assert house.state(f"invitation/{HASH}").status == "revoked"
    assert house.state("invitation/" + "b" * 40).status == "confirmed"
    assert house.state(_pair()).open


# -- since when, and withheld


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
    assert after(asked, yes).state(_pair()).covers(NOW_US - HOUR_US)
    assert not after(asked, yes).state(_pair()).covers(NOW_US - HOUR_US - 1)


@pytest.mark.parametrize("which", ["invitation", "acceptance"])
@pytest.mark.parametrize("by", [ALICE, BOB])
def test_withholding_a_commit_that_an_opt_in_rests_on_ends_it(which: str, by: str) -> None:
    asked, yes = invite(), accept()
    entry = asked if which == "invitation" else yes
    word = WithholdingRequested(by, entry.hash, tuple(sorted((ALICE, BOB))), HASH)
    house = after(asked, yes)
    house.take(word, NOW_US + HOUR_US)
    assert house.state(f"invitation/{HASH}").revoked == OptInRevoked(HASH, (ALICE, BOB), by, NOW_US + HOUR_US)
    assert not house.state(_pair()).open
    early = after(asked)
    early.take(word, NOW_US)
    early.take(yes, NOW_US)
    assert early.state(f"invitation/{HASH}").reason == "a commit it rests on is withheld"


def test_who_is_no_party_of_the_entry_withholds_nothing() -> None:
    past = (*ADMITTED, responded(accept(), "accept"), confirmed(accept()))
    given(INVITATION, *past).when(WithholdingRequested(CAROL, invite().hash, (ALICE, BOB), HASH)).nothing()
    other = WithholdingRequested(BOB, "9" * 40, (ALICE, BOB), HASH)
    given(INVITATION, *past).when(other).then(StatementWithheld(HASH, "9" * 40, BOB, NOW_US))


def test_refusals_are_bounded() -> None:
    house = Settled(FUNCTION)
    house.take(invite(), NOW_US)
    for n in range(REFUSED_MAX + 10):
        house.take(accept(actor=f"dev_{n}", received_at_us=NOW_US + n), NOW_US + n)
    assert len(house.state(f"invitation/{HASH}").refused) == REFUSED_MAX

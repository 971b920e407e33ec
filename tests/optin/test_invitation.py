"""An invitation and its answer, rule by rule (DESIGN section 5)."""

import pytest
from msgspec.structs import replace

from functions.optin.decide import ANSWERS_MAX, INVITATION
from functions.optin.house_id import ASKED_MAX
from functions.optin.house_id import HOUSE_ID as OWNERSHIP
from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event
from shared.domain.instants import DAY_US, HOUR_US, SECOND_US
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
)
from tests.given import HOUSE, NOW_US, given
from tests.optin.said import ALICE, BOB, CAROL, HASH, HOUSE_ID, LOGINS, accept, decline, invite, revoke
from tests.settled import Settled


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
    )


def responded(by: EntryRecorded, answer: Answer, refusal: str | None = None) -> Responded:
    assert by.actor
    assert by.anchor
    terms = (by.trailers or {}).get("House-Terms")
    return Responded(
        HASH, by.anchor, by.hash, by.actor, LOGINS[by.actor], answer, terms, by.received_at_us, refusal
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


def test_a_response_received_after_the_expiry_is_ignored() -> None:
    given(INVITATION, *ADMITTED).when(accept(received_at_us=NOW_US + 7 * DAY_US + 1)).nothing()
    late = accept(received_at_us=NOW_US + 7 * DAY_US + 1)
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
    state = given(INVITATION).when(entry).then(OptInDeclined(HASH, None, reason))
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
    outcome.then(responded(yes, "accept"), OptInDeclined(HASH, yes.anchor, reason))


def test_only_the_invitee_may_accept_in_whatever_case_the_login_is_written() -> None:
    given(INVITATION, *ADMITTED).when(accept(actor=CAROL)).nothing()
    given(INVITATION, *ADMITTED).when(accept(actor=ALICE)).nothing()
    assert status_after(invite(invitee="BoB"), accept())[0] == "confirmed"
    assert status_after(accept(actor=CAROL), invite())[0] == "invited"


@pytest.mark.parametrize("unproven", [{"grade": "claimed"}, {"actor": None}, {"actor_login": None}])
def test_a_commit_that_only_its_author_line_vouches_for_counts_for_nothing(
    unproven: dict[str, str | None],
) -> None:
    given(INVITATION).when(replace(invite(), **unproven)).nothing()
    given(INVITATION, *ADMITTED).when(replace(accept(), **unproven)).nothing()


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
    given(INVITATION, *past).when(revoke(actor=CAROL)).nothing()
    assert status_after(revoke(actor=CAROL), invite(), yes)[0] == "confirmed"


def test_taking_back_what_another_house_keeps_is_not_for_this_one() -> None:
    given(INVITATION, *ADMITTED).when(revoke(actor=ALICE, House_Origin="https://elsewhere.example")).nothing()


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

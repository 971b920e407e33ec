"""Evidence: the House's policy names the least grade, and whoever signed a commit said it."""

from msgspec.structs import replace

from functions.optin.decide import INVITATION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event, House
from shared.domain.optins import IdClaimed, Invitation, Invited, OptInConfirmed, Responded, StatementRefused
from tests.given import HOUSE, NOW_US, arriving
from tests.optin.said import ALICE, BOB, CAROL, HASH, HOUSE_ID, accept, decline, invite, revoke

FINGERPRINT = "SHA256:TbgHIlJaRdXilKnD8LSwBoKK41SqTKrZtkIirT+QxKE"
CLAIMED = IdClaimed(HOUSE_ID, HASH)
STRICT = replace(HOUSE, least_grades={"sprint-match/1": "signed"})


def signed(entry: EntryRecorded) -> EntryRecorded:
    return replace(entry, grade="signed", fingerprint=FINGERPRINT)


def told(*inputs: Event, house: House = HOUSE) -> tuple[Invitation, list[Event]]:
    state, events = Invitation(), []
    for body in inputs:
        for event in INVITATION.decide(state, replace(arriving(body), house=house)):
            state = INVITATION.fold.evolve(state, event)
            events.append(event)
    return state, events


def test_the_grade_and_the_key_are_kept_with_what_was_said() -> None:
    state, events = told(signed(invite()), CLAIMED, signed(accept()))
    assert state.invited is not None
    assert (state.invited.grade, state.invited.fingerprint) == ("signed", FINGERPRINT)
    confirmed = events[-1]
    assert isinstance(confirmed, OptInConfirmed)
    assert (confirmed.grade, confirmed.fingerprints) == ("signed", (FINGERPRINT, FINGERPRINT))


def test_an_opt_in_is_as_good_as_the_weaker_of_its_commits() -> None:
    _, events = told(signed(invite()), CLAIMED, accept())
    confirmed = events[-1]
    assert isinstance(confirmed, OptInConfirmed)
    assert (confirmed.grade, confirmed.fingerprints) == ("platform", (FINGERPRINT, None))


def test_what_is_below_the_policy_is_refused_with_both_grades_and_better_evidence_still_counts() -> None:
    state, events = told(invite(), house=STRICT)
    reason = "the evidence is platform, and sprint-match/1 asks for signed: send the signed commit itself"
    assert events == [StatementRefused(HASH, invite().hash, reason)]
    state, events = told(invite(), signed(invite(received_at_us=NOW_US + 1)), CLAIMED, accept(), house=STRICT)
    assert (state.status, state.refusal_of(accept().hash)) == ("invited", reason)
    state, _ = told(
        signed(invite()), CLAIMED, accept(), signed(accept(received_at_us=NOW_US + 1)), house=STRICT
    )
    assert (state.status, state.confirmed and state.confirmed.grade) == ("confirmed", "signed")


def test_taking_back_needs_no_better_evidence_than_a_push() -> None:
    state, _ = told(signed(invite()), CLAIMED, signed(accept()), revoke(BOB, NOW_US + 1), house=STRICT)
    assert state.status == "revoked"
    state, _ = told(signed(invite()), CLAIMED, decline(BOB), signed(accept(BOB, NOW_US + 1)), house=STRICT)
    assert state.status == "declined"


def test_only_the_author_line_is_never_enough_whatever_the_policy() -> None:
    _, events = told(replace(invite(), grade="claimed"))
    assert [type(event) for event in events] == [StatementRefused]


def test_who_signed_it_said_it_though_another_pushed_it_first() -> None:
    carried = invite(CAROL, received_at_us=NOW_US - 10)
    for inputs in ((carried, signed(invite())), (signed(invite()), carried)):
        state, _ = told(*inputs)
        assert state.invited is not None
        assert (state.invited.inviter, state.invited.grade) == (ALICE, "signed")
        assert state.refusal_of(carried.hash) == "another developer signed it"


def test_facts_from_before_there_were_grades_are_of_grade_platform() -> None:
    assert Invited.__struct_defaults__[-2:] == Responded.__struct_defaults__[-2:] == ("platform", None)

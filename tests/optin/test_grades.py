"""Evidence: the House's policy names the least grade, and whoever signed a commit said it."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from functions.optin.decide import INVITATION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event, House
from shared.domain.optins import IdClaimed, Invitation, Invited, OptInConfirmed, Responded, StatementRefused
from shared.domain.requests import WithholdingRequested
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
    for fact in (Invited, Responded):
        defaults = dict(zip(fact.__struct_fields__[::-1], fact.__struct_defaults__[::-1], strict=False))
        assert (defaults["grade"], defaults["fingerprint"], defaults["unproven"]) == ("platform", None, False)


# -- the same commit, pushed and sent signed


def unproven(entry: EntryRecorded) -> EntryRecorded:
    return replace(signed(entry), unproven=True)


@pytest.mark.parametrize("signed_first", [True, False])
def test_a_signed_copy_is_evidence_for_what_was_pushed_whichever_comes_first(signed_first: bool) -> None:
    """What was said, and when, is the earlier copy's."""
    asks, says = invite(), accept()
    better = signed(invite(received_at_us=NOW_US + 1)), signed(accept(received_at_us=NOW_US + 2))
    better = (better[0], replace(better[1], anchor=says.anchor))
    inputs = (*better, asks, says) if signed_first else (asks, says, *better)
    state, _ = told(CLAIMED, *inputs)
    assert state.invited is not None
    assert (state.invited.entry, state.invited.proof) == (asks.hash, better[0].hash)
    assert state.confirmed is not None
    assert (state.confirmed.grade, state.confirmed.fingerprints) == ("signed", (FINGERPRINT, FINGERPRINT))
    assert state.confirmed.confirmed_at_us == NOW_US
    assert state.refused == {}


def test_another_signed_commit_is_no_evidence_for_the_one_that_was_pushed() -> None:
    state, _ = told(invite(), CLAIMED, accept(), signed(accept(received_at_us=NOW_US + 1)))
    assert state.confirmed is not None
    assert state.confirmed.grade == "platform"


def test_a_copy_that_comes_again_changes_nothing() -> None:
    copies = [invite(), signed(invite(received_at_us=NOW_US + 1)), invite(received_at_us=NOW_US + 2)]
    _, events = told(*copies, *copies)
    assert [type(event) for event in events] == [Invited, Invited]


@pytest.mark.parametrize("of", ["invitation", "answer"])
def test_who_withholds_the_copy_that_proves_it_withholds_what_it_rests_on(of: str) -> None:
    says = accept()
    proof = signed(invite(received_at_us=NOW_US + 1))
    if of == "answer":
        proof = replace(signed(accept(received_at_us=NOW_US + 1)), anchor=says.anchor)
    asked = WithholdingRequested(str(proof.actor), proof.hash, proof.parties, HASH)
    state, _ = told(invite(), CLAIMED, says, proof, asked)
    assert state.status in ("declined", "revoked")


@pytest.mark.parametrize("carried_first", [True, False])
def test_a_key_that_only_github_shows_takes_no_invitation_from_who_said_it_first(carried_first: bool) -> None:
    asks, claimed = invite(), unproven(invite(CAROL, received_at_us=NOW_US + 1))
    state, _ = told(*((claimed, asks) if carried_first else (asks, claimed)))
    assert state.invited is not None
    assert state.invited.inviter == ALICE
    assert state.refusal_of(claimed.hash) == "another account pushed it first"


def test_a_proven_key_takes_it_from_who_only_has_github_show_it() -> None:
    claimed, proven = unproven(invite(CAROL)), signed(invite(received_at_us=NOW_US + 1))
    for inputs in ((claimed, proven), (proven, claimed)):
        state, _ = told(*inputs)
        assert state.invited is not None
        assert (state.invited.inviter, state.invited.unproven) == (ALICE, False)
        assert state.refusal_of(claimed.hash) == "another developer signed it"


@pytest.mark.parametrize("push_first", [True, False])
def test_under_a_policy_of_signed_the_signed_copies_confirm_in_any_order(push_first: bool) -> None:
    pushed = [invite(), accept()]
    sent = [signed(invite(received_at_us=NOW_US + 1)), signed(accept(received_at_us=NOW_US + 2))]
    for order in permutations([*pushed, *sent] if push_first else [*sent, *pushed]):
        state, _ = told(CLAIMED, *order, house=STRICT)
        assert (state.status, state.confirmed and state.confirmed.grade) == ("confirmed", "signed")
        assert state.confirmed is not None
        assert state.confirmed.confirmed_at_us == NOW_US + 2


def test_under_a_policy_of_signed_a_signed_answer_that_comes_too_late_confirms_nothing() -> None:
    asks = signed(invite(expires_us=NOW_US + 10))
    state, _ = told(CLAIMED, asks, accept(), signed(accept(received_at_us=NOW_US + 11)), house=STRICT)
    assert state.status == "invited"

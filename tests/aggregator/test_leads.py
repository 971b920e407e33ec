"""Which clients a developer is introduced to: what they did, and what they agreed to."""

from itertools import permutations

import pytest

from functions.aggregator.decide.leads import ANSWERS_MAX, LEADS
from shared.domain.event import Event
from shared.domain.leads import (
    IntroductionAgreed,
    IntroductionRefused,
    LeadQualified,
    LeadWithdrawn,
    OptInNoted,
    ParticipationNoted,
)
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, SeatAccepted
from shared.domain.results import PartTaken
from tests.aggregator.team import BRIEF, CLIENT, SESSION, Run, at
from tests.given import NOW_US, given

DEV = "dev_ada"
STREAM = f"lead/{DEV}"
TAKEN = PartTaken(SESSION, BRIEF, CLIENT, DEV, "designer", "primary", 3, True, 12, 9)
NOTED = ParticipationNoted(SESSION, BRIEF, CLIENT, DEV, "designer", "primary", 3, True, 12, 9)
LEAD = LeadQualified(
    BRIEF,
    CLIENT,
    DEV,
    SESSION,
    fit=100,
    engagement=87,
    reasons=(
        "fit +60: took the designer's seat in a team on this brief",
        "fit +40: designer is their first choice of lane",
        "engagement +50: voted on 3 copy variants",
        "engagement +37: marked 9 of 12 points",
    ),
)
IN = OptInNoted("invitation-dev_ada")
WITH_SEAT = SeatAccepted("seat-1", SESSION, DEV, at(-5), introduce=True)


def yes(after_s: float, brief: str | None = BRIEF) -> ConsentGiven:
    return ConsentGiven(DEV, "introduction", at(after_s), brief)


def no(after_s: float, brief: str | None = BRIEF) -> ConsentWithdrawn:
    return ConsentWithdrawn(DEV, "introduction", at(after_s), brief)


def leads(*inputs: Event) -> dict[str, LeadQualified]:
    found: dict[str, LeadQualified] = Run().take(inputs).states[STREAM].leads
    return found


def test_a_participant_who_agreed_with_their_seat_becomes_a_lead_when_the_session_closes() -> None:
    given(LEADS, IN, IntroductionAgreed(DEV, at(-5), session=SESSION)).when(TAKEN).then(NOTED, LEAD)


def test_a_participant_who_agrees_later_becomes_a_lead_at_once() -> None:
    given(LEADS, IN, NOTED).when(yes(9)).then(IntroductionAgreed(DEV, at(9), brief=BRIEF), LEAD)


def test_a_participant_who_withdraws_is_no_lead_any_more() -> None:
    given(LEADS, IN, NOTED, IntroductionAgreed(DEV, at(9), brief=BRIEF), LEAD).when(
        no(10), at_us=at(11)
    ).then(IntroductionRefused(DEV, at(10), brief=BRIEF), LeadWithdrawn(BRIEF, DEV, at(11)))


def test_of_two_agreements_given_with_one_seat_the_later_stands() -> None:
    once_more = SeatAccepted("seat-1", SESSION, DEV, at(-3), introduce=True)
    for inputs in ((WITH_SEAT, once_more), (once_more, WITH_SEAT)):
        assert Run().take(inputs).states[STREAM].seats == {SESSION: at(-3)}


def test_a_seat_taken_without_agreeing_introduces_nobody() -> None:
    given(LEADS, IN, NOTED).when(SeatAccepted("seat-1", SESSION, DEV, at(-5))).nothing()
    given(LEADS).when(TAKEN).then(NOTED)


def test_consent_to_take_part_is_no_consent_to_be_introduced() -> None:
    given(LEADS, IN, NOTED).when(ConsentGiven(DEV, "participation", at(1))).nothing()


def test_withdrawing_from_the_house_withdraws_every_lead() -> None:
    withdrawn = ConsentWithdrawn(DEV, "participation", at(99))
    assert leads(TAKEN, WITH_SEAT, withdrawn) == {}


def test_a_general_withdrawal_takes_back_every_agreement_before_it() -> None:
    assert leads(TAKEN, WITH_SEAT, yes(1), no(2, None)) == {}
    assert leads(TAKEN, WITH_SEAT, no(2, None), yes(3)) == {BRIEF: LEAD}


def test_agreeing_for_another_brief_is_nothing_to_this_one() -> None:
    assert leads(TAKEN, yes(1, "another-brief")) == {}
    assert leads(TAKEN, yes(1), no(2, "another-brief")) == {BRIEF: LEAD}


def test_a_refusal_at_the_same_instant_as_an_agreement_stands() -> None:
    assert leads(TAKEN, yes(1), no(1)) == leads(TAKEN, no(1), yes(1)) == {}


@pytest.mark.parametrize(
    "inputs",
    [(TAKEN, WITH_SEAT, no(1), yes(2)), (TAKEN, yes(1), no(2)), (TAKEN, WITH_SEAT, no(-9, None), no(3, "b"))],
)
def test_leads_do_not_depend_on_the_order_of_arrival(inputs: tuple[Event, ...]) -> None:
    outcomes = [Run().take(order).states[STREAM] for order in permutations(inputs)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_a_developer_is_found_by_each_brief_they_are_a_lead_of() -> None:
    assert LEADS.fold.tags(given(LEADS, IN, NOTED, LEAD).state) == {f"brief/{BRIEF}"}
    assert LEADS.fold.tags(given(LEADS, IN, NOTED).state) == frozenset()


def test_of_two_sessions_on_a_brief_the_one_with_more_done_makes_the_lead() -> None:
    less = PartTaken("session-0", BRIEF, CLIENT, DEV, "designer", "primary", 3, True, 12, 1)
    assert leads(TAKEN, less, WITH_SEAT) == leads(less, TAKEN, WITH_SEAT) == {BRIEF: LEAD}


def test_a_lead_without_a_known_choice_of_lane_or_without_points_says_so_by_its_reasons() -> None:
    plain = PartTaken(SESSION, BRIEF, CLIENT, DEV, "engineer", None, 1, True, 0, 0)
    lead = leads(plain, yes(1))[BRIEF]
    assert (lead.fit, lead.engagement) == (60, 100)
    assert lead.reasons == (
        "fit +60: took the engineer's seat in a team on this brief",
        "engagement +100: voted on 1 copy variant",
    )


def test_beyond_the_limit_an_agreement_is_not_kept_and_a_refusal_is_one_for_all() -> None:
    full = [IntroductionAgreed(DEV, NOW_US, brief=f"brief-{n:04d}") for n in range(ANSWERS_MAX)]
    given(LEADS, *full).when(yes(1, "one-more")).nothing()
    given(LEADS, *full).when(no(1, "one-more")).then(IntroductionRefused(DEV, at(1)))

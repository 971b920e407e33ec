"""Whose votes, points and leads count: of those whose consent stands, at the moment of use, and of nobody else."""

from random import Random
from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from functions.aggregator.decide.leads import LEADS
from functions.aggregator.decide.sessions import SESSIONS
from shared.domain.event import Event
from shared.domain.leads import LeadWithdrawn, OptInNoted, SeatNoted, StandingTold
from shared.domain.requests import ConsentGiven, ErasureRequested
from shared.domain.results import PartBegun, PartTaken, StandingNoted
from tests.aggregator.team import (
    BRIEF,
    CLIENT,
    OPENED,
    SESSION,
    TEAM,
    WINDOW_END_US,
    Run,
    at,
    creative,
    formed,
    opened,
    opt_in,
    opt_out,
    point,
    vote,
)
from tests.given import arriving, given

BEGINNING = [OPENED, creative("copy-a"), creative("copy-b"), creative("image-a"), formed()]
LATER_US = WINDOW_END_US + 1_000_000


def done(developer: str, n: int) -> list[Event]:
    """Different things by each, so that one's part cannot be taken for another's."""
    copies = ("copy-a",) if n % 2 else ("copy-a", "copy-b")
    return [vote(developer, n, *copies), point(developer, n + 1, n / 10, 0.5)]


WORK = [body for n, developer in enumerate(TEAM) for body in done(developer, n)]
AGREED = [ConsentGiven(developer, "introduction", at(1)) for developer in TEAM]


def erasure(developer: str) -> ErasureRequested:
    return ErasureRequested(developer, LATER_US, ())


def numbers(run: Run) -> dict[str, Any]:
    """What a brief's pages and leads show, without the instant of publishing."""
    result = run.states[f"brief/{BRIEF}"].result
    leads = {dev: run.states[f"lead/{dev}"].leads for dev in TEAM if f"lead/{dev}" in run.states}
    return {
        "copies": {copy.creative: (copy.approvals, copy.ballots, copy.low) for copy in result.copies},
        "images": {image.creative: (image.marked, image.points, image.grid) for image in result.images},
        "leading": result.leading,
        "leads": {dev: found for dev, found in leads.items() if found},
    }


def of_those_who_stand(standing: set[str]) -> dict[str, Any]:
    """The same had nobody else done anything."""
    bodies = [body for body in (*WORK, *AGREED) if getattr(body, "developer", "") in standing]
    return numbers(Run().take([*BEGINNING, *bodies]).until(WINDOW_END_US))


def test_what_somebody_did_is_out_of_results_and_leads_once_they_take_their_opt_in_back() -> None:
    run = Run().take([*BEGINNING, *WORK, *AGREED]).until(WINDOW_END_US)
    assert numbers(run) == of_those_who_stand(set(TEAM))
    run.take([opt_out(TEAM[1], LATER_US)])
    assert numbers(run) == of_those_who_stand(set(TEAM) - {TEAM[1]})
    run.take([opt_in(TEAM[1], "another")])
    assert numbers(run) == of_those_who_stand(set(TEAM))


def test_who_has_another_opt_in_in_force_stays() -> None:
    run = Run().take([opt_in(TEAM[1], "another"), *BEGINNING, *WORK, *AGREED]).until(WINDOW_END_US)
    run.take([opt_out(TEAM[1], LATER_US)])
    assert numbers(run) == of_those_who_stand(set(TEAM))


def test_nobody_without_an_opt_in_counts_whatever_they_did() -> None:
    run = Run(opted_in=TEAM[2:]).take([*BEGINNING, *WORK, *AGREED]).until(WINDOW_END_US)
    assert numbers(run) == of_those_who_stand(set(TEAM[2:]))
    run.take([opt_in(TEAM[0])])
    assert numbers(run) == of_those_who_stand({TEAM[0], *TEAM[2:]})


def test_an_opt_in_that_ended_does_not_come_back_when_its_beginning_is_heard_of_late() -> None:
    run = Run(opted_in=TEAM[1:]).take([opt_out(TEAM[0]), opt_in(TEAM[0]), *BEGINNING, *WORK, *AGREED])
    assert numbers(run.until(WINDOW_END_US)) == of_those_who_stand(set(TEAM[1:]))


def test_what_an_erased_developer_did_never_counts_again_and_what_they_do_later_does() -> None:
    run = Run().take([*BEGINNING, *WORK, *AGREED, erasure(TEAM[0])]).until(WINDOW_END_US)
    run.take([opt_in(TEAM[0], "another"), ConsentGiven(TEAM[0], "introduction", LATER_US + 1)])
    assert numbers(run) == of_those_who_stand(set(TEAM[1:]))
    part = PartTaken(
        "session-2", BRIEF, CLIENT, TEAM[0], "facilitator", "primary", 2, True, 2, 1, LATER_US + 2
    )
    assert set(numbers(run.take([part]))["leads"]) == set(TEAM)


@always(st.integers(0, 2**16), st.booleans())
def test_when_an_erasure_is_heard_of_leaves_no_trace(seed: int, closed: bool) -> None:
    """Before the session closes or after, and before or after anything that was done until then."""
    said = [*AGREED, erasure(TEAM[0]), opt_out(TEAM[0], LATER_US)]
    one = Run().take([*BEGINNING, *WORK, *said]).until(WINDOW_END_US)
    other = Run(Random(seed)).take(BEGINNING)
    if closed:
        other.take(WORK).until(WINDOW_END_US)
    shuffled = said if closed else [*WORK, *said]
    other.take(Random(seed).sample(shuffled, len(shuffled))).until(WINDOW_END_US)
    assert one.states == other.states


steps = st.tuples(
    st.sampled_from(TEAM), st.sampled_from(["i1", "i2"]), st.sampled_from(["begins", "ends", "erased"])
)


@settings(max_examples=100, deadline=None)
@always(st.lists(steps, max_size=10), st.integers(0, 11), st.integers(0, 2**16))
def test_whenever_consent_comes_and_goes_only_those_who_stand_count(
    words: list[tuple[str, str, str]], closing: int, seed: int
) -> None:
    """Words before and after the session closes, in any order among the streams."""
    run = Run(Random(seed), opted_in=()).take([*BEGINNING, *WORK, *AGREED])
    said = [spoken(*word) for word in words]
    run.take(said[:closing]).until(WINDOW_END_US).take(said[closing:])
    begun = {(dev, name) for dev, name, word in words if word == "begins"}
    ended = {(dev, name) for dev, name, word in words if word == "ends"}
    erased = {dev for dev, _, word in words if word == "erased"}
    assert numbers(run) == of_those_who_stand({dev for dev, _ in begun - ended} - erased)


def spoken(developer: str, name: str, word: str) -> Event:
    match word:
        case "begins":
            return opt_in(developer, f"{developer} {name}")
        case "ends":
            return opt_out(developer, LATER_US, f"{developer} {name}")
        case _:
            return erasure(developer)


def test_the_same_word_twice_and_an_outsiders_change_nothing() -> None:
    heard = StandingNoted(SESSION, TEAM[0], False)
    given(SESSIONS, opened(), heard).when(StandingTold(SESSION, TEAM[0], False)).nothing()
    given(SESSIONS, opened()).when(StandingTold(SESSION, "dev_outsider", True)).nothing()


def test_a_lead_goes_in_the_same_step_as_the_opt_in() -> None:
    run = Run().take([*BEGINNING, *WORK, *AGREED]).until(WINDOW_END_US)
    state = run.states[f"lead/{TEAM[0]}"]
    events = LEADS.decide(state, arriving(opt_out(TEAM[0], LATER_US), at_us=LATER_US))
    assert [type(event) for event in events] == [OptInNoted, StandingTold, LeadWithdrawn]


@pytest.mark.parametrize("known", [0, 1])
def test_a_session_is_told_of_the_standing_of_who_begins_once(known: int) -> None:
    past = [SeatNoted(SESSION, TEAM[0]), StandingTold(SESSION, TEAM[0], False)][: 2 * known]
    begun = PartBegun(SESSION, TEAM[0])
    expected = [] if known else [SeatNoted(SESSION, TEAM[0]), StandingTold(SESSION, TEAM[0], False)]
    given(LEADS, *past).when(begun).then(*expected)

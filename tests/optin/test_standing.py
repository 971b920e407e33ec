"""What opt-ins and participation open, and which entries may be used."""

from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.optin.standing import SPANS_MAX, STANDING, WITHHELD_MAX, closed, opened
from shared.domain.entries import EntryRecorded
from shared.domain.instants import HOUR_US
from shared.domain.optins import (
    PARTICIPATION,
    EntryConfirmed,
    EntryWithheld,
    OptInConfirmed,
    OptInRevoked,
    StandingClosed,
    StandingOpened,
    pair_stream,
)
from shared.domain.requests import (
    ConsentGiven,
    ConsentWithdrawn,
    ReleaseRequested,
    WithholdingRequested,
)
from shared.domain.standing import Span, Standing
from tests.given import HOUSE, NOW_US, arriving, given
from tests.optin.said import ALICE, BOB, CAROL, HASH

PAIR = tuple(sorted((ALICE, BOB)))
BOTH = OptInConfirmed(HASH, "2" * 40, (ALICE, BOB), ("alice", "bob"), "sprint-match/1", HOUSE.terms, NOW_US)
BACK = OptInRevoked(HASH, (ALICE, BOB), BOB, NOW_US + HOUR_US)
OPENED, CLOSED = StandingOpened(PAIR, HASH, NOW_US), StandingClosed(PAIR, HASH, NOW_US + HOUR_US)
STAR = EntryRecorded("e" * 40, "star", NOW_US, "0" * 64, actor=BOB, owner=ALICE)
PUSH = EntryRecorded("f" * 40, "push", NOW_US, "0" * 64, actor=ALICE, owner=ALICE)


def consent(at_us: int) -> ConsentGiven:
    return ConsentGiven(ALICE, "participation", at_us)


def withdrawal(at_us: int) -> ConsentWithdrawn:
    return ConsentWithdrawn(ALICE, "participation", at_us)


def test_a_confirmed_opt_in_opens_what_lies_between_the_two() -> None:
    state = given(STANDING).when(BOTH).then(OPENED)
    assert state == Standing(PAIR, (Span(HASH, NOW_US),))
    assert (
        list(STANDING.streams(arriving(BOTH))) == [pair_stream((ALICE, BOB))] == [pair_stream((BOB, ALICE))]
    )


def test_an_entry_between_the_two_is_confirmed_from_the_confirmation_on() -> None:
    given(STANDING, OPENED).when(STAR).then(EntryConfirmed(STAR.hash, PAIR))
    given(STANDING, OPENED).when(replace(STAR, received_at_us=NOW_US - 1)).nothing()
    given(STANDING).when(STAR).nothing()


def test_once_it_is_revoked_no_entry_may_be_used_whenever_it_was_received() -> None:
    open_, shut = given(STANDING, OPENED), given(STANDING, OPENED, CLOSED)
    for received_us in (NOW_US, NOW_US + HOUR_US - 1, NOW_US + HOUR_US):
        assert open_.state.permits(STAR.hash, received_us)
        assert not shut.state.permits(STAR.hash, received_us)
        shut.when(replace(STAR, received_at_us=received_us)).nothing()


def test_entries_from_before_are_covered_only_since_both_said_so() -> None:
    since_us = NOW_US - HOUR_US
    state = given(STANDING).when(replace(BOTH, since_us=since_us)).then(replace(OPENED, from_us=since_us))
    assert [state.covers(us) for us in (since_us - 1, since_us, NOW_US)] == [False, True, True]
    later = given(STANDING).when(replace(BOTH, since_us=NOW_US + HOUR_US)).after
    assert later.covers(NOW_US)


def test_an_entry_of_nobody_known_concerns_no_standing() -> None:
    assert list(STANDING.streams(arriving(replace(STAR, actor=None, owner=None)))) == []


def test_an_entry_of_one_party_needs_only_their_own_participation() -> None:
    assert list(STANDING.streams(arriving(PUSH))) == [f"optin/{ALICE}~{ALICE}"]
    given(STANDING).when(consent(NOW_US)).then(StandingOpened((ALICE,), PARTICIPATION, NOW_US))
    mine = StandingOpened((ALICE,), PARTICIPATION, NOW_US)
    given(STANDING, mine).when(PUSH).then(EntryConfirmed(PUSH.hash, (ALICE,)))


@pytest.mark.parametrize(
    "body",
    [
        ConsentGiven(ALICE, "introduction", NOW_US),
        ConsentGiven(ALICE, "participation", NOW_US, brief="b1"),
        ConsentWithdrawn(ALICE, "introduction", NOW_US),
        ConsentWithdrawn(ALICE, "participation", NOW_US, brief="b1"),
    ],
)
def test_consent_to_something_else_opens_nothing(body: ConsentGiven | ConsentWithdrawn) -> None:
    assert list(STANDING.streams(arriving(body))) == []


def test_a_revocation_that_is_handled_first_leaves_the_span_closed() -> None:
    state = given(STANDING, *given(STANDING).when(BACK).events).when(BOTH).after
    assert state.spans == (Span(HASH, NOW_US, NOW_US + HOUR_US),)
    assert not state.open


def test_participation_may_be_given_anew() -> None:
    outcome = given(STANDING)
    for step in (consent(NOW_US), withdrawal(NOW_US + 10), consent(NOW_US + 20)):
        outcome = given(STANDING, *_story(outcome.state), *outcome.when(step).events)
    covered = [outcome.state.covers(NOW_US + t) for t in (0, 9, 10, 19, 20, 99)]
    assert covered == [False, False, False, False, True, True]


def _story(state: Standing) -> list[StandingOpened | StandingClosed]:
    """Events that lead to a state of one's own participation."""
    return [
        StandingClosed((ALICE,), PARTICIPATION, span.to_us)
        if span.to_us == span.from_us
        else StandingOpened((ALICE,), PARTICIPATION, span.from_us)
        for span in state.spans
    ]


def test_the_same_opening_twice_is_said_once() -> None:
    given(STANDING, OPENED).when(BOTH).nothing()
    given(STANDING, OPENED, CLOSED).when(BACK).nothing()


@pytest.mark.parametrize("by", [ALICE, BOB])
def test_a_party_withholds_an_entry_whatever_its_standing(by: str) -> None:
    request, withheld = WithholdingRequested(by, STAR.hash, PAIR), EntryWithheld(STAR.hash, PAIR, by, NOW_US)
    state = given(STANDING, OPENED).when(request).then(withheld)
    assert state.withheld == {STAR.hash}
    assert not state.permits(STAR.hash, NOW_US)
    given(STANDING, OPENED, withheld).when(STAR).nothing()
    given(STANDING).when(request).then(withheld)


def test_only_who_withholds_an_entry_releases_it() -> None:
    past = (OPENED, EntryWithheld(STAR.hash, PAIR, BOB, NOW_US))
    released = ReleaseRequested(BOB, STAR.hash, PAIR)
    state = given(STANDING, *past).when(released, at_us=NOW_US + 1).after
    assert state.permits(STAR.hash, NOW_US)
    others = given(STANDING, *past).when(ReleaseRequested(ALICE, STAR.hash, PAIR), at_us=NOW_US + 1).after
    assert not others.permits(STAR.hash, NOW_US)
    given(STANDING, *past).when(ReleaseRequested(CAROL, STAR.hash, PAIR), at_us=NOW_US + 1).nothing()
    given(STANDING, *past).when(released, at_us=NOW_US).nothing()


def test_nobody_else_withholds_it() -> None:
    given(STANDING, OPENED).when(WithholdingRequested(CAROL, STAR.hash, PAIR)).nothing()


def test_withholding_twice_is_withholding_once() -> None:
    past = EntryWithheld(STAR.hash, PAIR, BOB, NOW_US)
    given(STANDING, past).when(WithholdingRequested(BOB, STAR.hash, PAIR)).nothing()


def test_what_a_pair_may_withhold_is_bounded() -> None:
    full = Standing(PAIR, words={f"{n:040x}": {BOB: NOW_US} for n in range(WITHHELD_MAX)})
    assert STANDING.decide(full, arriving(WithholdingRequested(ALICE, STAR.hash, PAIR))) == []
    freed = Standing(PAIR, words={**full.words, f"{7:040x}": {BOB: -NOW_US}})
    [withheld] = STANDING.decide(freed, arriving(WithholdingRequested(ALICE, STAR.hash, PAIR)))
    after = STANDING.fold.evolve(freed, withheld)
    assert after.withheld == full.withheld - {f"{7:040x}"} | {STAR.hash}


steps = st.tuples(
    st.sampled_from([opened, closed]), st.sampled_from([HASH, PARTICIPATION]), st.integers(0, 9)
)


@always(st.lists(steps, max_size=8).flatmap(lambda taken: st.tuples(st.just(taken), st.permutations(taken))))
def test_openings_and_closings_in_any_order_leave_the_same_spans(orders: tuple[list[Any], list[Any]]) -> None:
    spans: list[tuple[Span, ...]] = []
    for order in orders:
        spans.append(())
        for step, basis, at_us in order:
            spans[-1] = step(spans[-1], basis, at_us)
    assert spans[0] == spans[1]


def test_spans_are_bounded_and_the_longest_closed_goes_first() -> None:
    full = tuple(Span(f"{n:040x}", n, n + 1) for n in range(SPANS_MAX))
    after = opened(full, HASH, NOW_US)
    assert len(after) == SPANS_MAX
    assert after[-1] == Span(HASH, NOW_US)
    assert full[0] not in after

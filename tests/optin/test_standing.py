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
    Span,
    Standing,
    StandingClosed,
    StandingOpened,
    pair_stream,
)
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, WithholdingRequested
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


def test_an_entry_received_after_the_revocation_is_not_confirmed() -> None:
    given(STANDING, OPENED, CLOSED).when(replace(STAR, received_at_us=NOW_US + HOUR_US)).nothing()
    given(STANDING, OPENED, CLOSED).when(replace(STAR, received_at_us=NOW_US + HOUR_US - 1)).then(
        EntryConfirmed(STAR.hash, PAIR)
    )


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
    assert [outcome.state.covers(NOW_US + t) for t in (0, 9, 10, 19, 20, 99)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


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
    request = WithholdingRequested(by, STAR.hash, PAIR)
    state = given(STANDING, OPENED).when(request).then(EntryWithheld(STAR.hash, PAIR, by))
    assert state.withheld == {STAR.hash}
    given(STANDING, OPENED, EntryWithheld(STAR.hash, PAIR, by)).when(STAR).nothing()
    given(STANDING).when(request).then(EntryWithheld(STAR.hash, PAIR, by))


def test_nobody_else_withholds_it() -> None:
    given(STANDING, OPENED).when(WithholdingRequested(CAROL, STAR.hash, PAIR)).nothing()


def test_withholding_twice_is_withholding_once() -> None:
    past = EntryWithheld(STAR.hash, PAIR, BOB)
    given(STANDING, past).when(WithholdingRequested(ALICE, STAR.hash, PAIR)).nothing()


def test_what_a_pair_may_withhold_is_bounded() -> None:
    full = Standing(PAIR, withheld=frozenset(f"{n:040x}" for n in range(WITHHELD_MAX)))
    assert STANDING.decide(full, arriving(WithholdingRequested(ALICE, STAR.hash, PAIR))) == []


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

"""Whatever the order in which inputs are handled, the same may be used in the end."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given as always
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event
from shared.domain.instants import DAY_US, HOUR_US
from shared.domain.optins import Invitation, pair_stream
from shared.domain.requests import (
    ConsentGiven,
    ConsentWithdrawn,
    ReleaseRequested,
    WithholdingRequested,
)
from shared.domain.standing import Standing
from tests.given import HOUSE, NOW_US
from tests.optin.facts import called
from tests.optin.said import ALICE, BOB, CAROL, HASH, HOUSE_ID, accept, decline, invite, revoke
from tests.settled import Settled

PAIR = tuple(sorted((ALICE, BOB)))
MALLORY = HOUSE.pseudonym("github:66")
"""Who takes over the login that was invited."""
RIVAL = "1" * 40
"""Another invitation with the same House-Id."""
instants = st.integers(0, 9).map(lambda n: NOW_US + n * HOUR_US)
inputs = st.one_of(
    st.builds(lambda t: invite(received_at_us=t), instants),
    st.builds(lambda t: invite(actor=BOB, received_at_us=t), instants),
    st.builds(lambda t: invite(received_at_us=t, anchor=RIVAL), instants),
    st.builds(lambda t, by: accept(by, t), instants, st.sampled_from([BOB, CAROL])),
    st.builds(lambda t: accept(BOB, t, House_Terms="sha256:" + "00" * 32), instants),
    st.builds(lambda t: decline(BOB, t), instants),
    st.builds(lambda t, by: revoke(by, t), instants, st.sampled_from([ALICE, BOB, CAROL])),
    st.builds(lambda t: EntryRecorded("e" * 40, "star", t, "0" * 64, actor=BOB, owner=ALICE), instants),
    st.builds(lambda t: ConsentGiven(ALICE, "participation", t), instants),
    st.builds(lambda t: ConsentWithdrawn(ALICE, "participation", t), instants),
    st.builds(lambda by: WithholdingRequested(by, "e" * 40, PAIR), st.sampled_from([ALICE, BOB, CAROL])),
    st.builds(lambda by: ReleaseRequested(by, "e" * 40, PAIR), st.sampled_from([ALICE, BOB, CAROL])),
    st.builds(lambda t: called(accept(MALLORY, t), "bob"), instants),
    st.builds(lambda t: called(revoke(BOB, t), "robert"), instants),
)


def handled(bodies: Sequence[Event], picks: Any) -> Settled:
    """The function after all inputs and its own events, each handled when `picks` says so.

    Its own events wait among the inputs, so they too are handled in any order.
    """
    house = Settled(FUNCTION)
    waiting = list(bodies)
    while waiting:
        body = waiting.pop(picks.draw(st.integers(0, len(waiting) - 1)))
        waiting += house.step(body, NOW_US + DAY_US)
    house.tick(NOW_US + DAY_US)
    return house


def in_time(bodies: Sequence[Event]) -> Settled:
    """The function after all inputs in the order of their instants, its watermark right behind."""
    house = Settled(FUNCTION)
    for body in sorted(bodies, key=instant):
        house.tick(instant(body))
        house.take(body, instant(body))
    house.tick(NOW_US + DAY_US)
    return house


def instant(body: Event) -> int:
    match body:
        case EntryRecorded(received_at_us=at_us) | ConsentGiven(given_at_us=at_us):
            return at_us
        case ConsentWithdrawn(withdrawn_at_us=at_us):
            return at_us
        case _:
            return NOW_US


def in_force(standing: Standing) -> list[bool]:
    return [standing.covers(NOW_US + n * HOUR_US // 2) for n in range(22)]


@always(st.lists(inputs, max_size=8, unique_by=repr), st.data())
def test_the_final_standing_does_not_depend_on_the_order(bodies: list[Event], picks: Any) -> None:
    one, other = in_time(bodies), handled(bodies, picks)
    for parties in (PAIR, tuple(sorted((ALICE, MALLORY))), (ALICE, ALICE)):
        mine, theirs = (house.state(f"optin/{parties[0]}~{parties[1]}") for house in (one, other))
        assert in_force(mine) == in_force(theirs)
        assert mine.withheld == theirs.withheld
    for commit in (HASH, RIVAL):
        a, b = (house.state(f"invitation/{commit}") for house in (one, other))
        assert (a.status, a.invited, a.answers, a.confirmed) == (b.status, b.invited, b.answers, b.confirmed)
    assert one.state(f"invitation-id/{HOUSE_ID}") == other.state(f"invitation-id/{HOUSE_ID}")


@always(st.lists(inputs, max_size=8), st.data())
def test_nothing_is_confirmed_without_both_words_and_nothing_waits_for_ever(
    bodies: list[Event], picks: Any
) -> None:
    house = handled(bodies, picks)
    state: Invitation = house.state(f"invitation/{HASH}")
    said = {key for body in bodies if isinstance(body, EntryRecorded) for key in body.trailers or {}}
    if state.confirmed:
        assert {"House-Invite", "House-Accept"} <= said
    pair = state.confirmed.parties if state.status == "confirmed" and state.confirmed else None
    for one, other in ((ALICE, BOB), (ALICE, MALLORY), (BOB, MALLORY)):
        assert house.state(pair_stream((one, other))).open == (pair == (one, other))
    house.tick(NOW_US + 30 * DAY_US)
    assert house.state(f"invitation/{HASH}").status not in ("invited", "responded")


@always(st.lists(inputs, max_size=8, unique_by=repr))
def test_an_input_handled_again_changes_nothing(bodies: list[Event]) -> None:
    house = Settled(FUNCTION)
    for body in bodies:
        house.take(body, NOW_US + DAY_US)
    house.tick(NOW_US + DAY_US)
    before = _without_reasons(house)
    for body in bodies:
        if not (isinstance(body, EntryRecorded) and body.kind == "star"):
            house.take(body, NOW_US + DAY_US)
    assert _without_reasons(house) == before


def _without_reasons(house: Settled) -> dict[str, Any]:
    """Why something counts for nothing may be said when it is heard again; it still counts for nothing."""
    return {
        stream: replace(state, refused={}) if isinstance(state, Invitation) else state
        for stream, state in house.states.items()
    }

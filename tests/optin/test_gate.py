"""Nothing is used without the standing consent of both: words in any order through the engine, with uses between."""

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from tests.optin.account import EVERYBODY, GUESTS, HOST
from tests.optin.world import World


def after(*steps: str, ready: int = 4) -> World:
    """A world in which so many guests have opted in, and then `what` happened, or `who: what`."""
    world = World()
    for guest in GUESTS[:ready]:
        world.step("opt in", guest)
    return then(world, *steps)


def then(world: World, *steps: str) -> World:
    """The world after these steps, none of which used what may not be."""
    for step in steps:
        who, _, what = step.rpartition(": ")
        world.step(what, who or HOST)
        world.check()
    return world


def leads(world: World) -> set[str]:
    """Who is introduced."""
    found = world.client.get(f"/api/briefs/{world.brief}/results").json()["leads"]
    return {world.names[lead["developer"]] for lead in found}


def test_five_who_stand_are_seated_and_four_are_not() -> None:
    world = after("draw", ready=3)
    assert world.proposals == 0
    then(world, "emil: opt in", "draw")
    assert world.proposals == 1
    then(world, "bob: revoke", "draw")
    assert world.proposals == 1


def test_what_five_did_is_counted_published_and_leads_to_introductions() -> None:
    world = after("bob: star", "play", "publish", "wait", "publish")
    assert leads(world) == {HOST, *GUESTS[:4]}
    assert (len(world.published), len(world.opt_ins)) == (9, 4)


@pytest.mark.parametrize("when", ["before the session closes", "afterwards"])
@pytest.mark.parametrize("who", ["bob", HOST])
def test_whoever_was_erased_comes_back_to_nothing(who: str, when: str) -> None:
    world = after("bob: star", "play", "wait" if when == "afterwards" else "publish")
    then(world, f"{who}: erase", "wait", "draw", "publish")
    assert who not in leads(world)
    then(world, f"{who}: come back", *(f"{guest}: opt in" for guest in GUESTS[:4]), f"{who}: introduce")
    assert world.stands(who)
    assert who not in leads(world)
    then(world, *(f"{name}: come back" for name in EVERYBODY[:5]), "play", "wait", "publish")
    assert who in leads(world)


def test_a_ticket_from_before_an_erasure_is_drawn_by_nobody() -> None:
    world = then(after("draw"), "bob: erase", "bob: opt in", "draw")
    assert (world.stands("bob"), world.proposals) == (True, 1)
    then(world, "bob: come back", "draw")
    assert world.proposals == 2


def test_what_was_written_before_an_erasure_is_withheld_and_released_by_nobody() -> None:
    world = then(after("bob: star"), "bob: erase", "bob: come back", "bob: withhold the star", "bob: release")
    assert not world.account.stars["bob"][0].withheld
    then(world, "bob: opt in", "bob: star", "bob: withhold the star", "publish")
    assert world.account.stars["bob"][1].withheld


SAID = (
    "invite",
    "accept",
    "opt in",
    "decline",
    "revoke",
    "withdraw",
    "withhold the answer",
    "withhold the invitation",
    "release",
    "star",
    "withhold the star",
    "release the star",
    "erase",
    "come back",
    "wait",
)
# Mostly yes, so that there is something to use and to take back.
likely = st.sampled_from((*SAID, *["invite", "accept", "draw"] * 3))
written = st.sampled_from(
    (
        "opt in",
        "star",
        "withhold the star",
        "release the star",
        "withhold the answer",
        "revoke",
        "erase",
        "publish",
    )
)
worked = st.sampled_from(
    ("opt in", "revoke", "erase", "come back", "introduce", "do not introduce", "play", "wait")
)


def holds(world: World, steps: list[tuple[str, str]]) -> None:
    """Whatever happens, nothing is used that may not be, and nothing breaks."""
    for what, who in (*steps, ("draw", HOST), ("publish", HOST), ("wait", HOST)):
        world.step(what, who)
        world.check()
    assert world.house.of("/api/dead-letters")["letters"] == []


@settings(max_examples=30, deadline=None)
@always(st.integers(0, 6), st.lists(st.tuples(likely, st.sampled_from(EVERYBODY)), max_size=25))
def test_no_draw_and_no_page_uses_what_both_do_not_consent_to(
    ready: int, steps: list[tuple[str, str]]
) -> None:
    holds(after(ready=ready), steps)


@settings(max_examples=40, deadline=None)
@always(st.lists(st.tuples(written, st.sampled_from(EVERYBODY[:3])), min_size=4, max_size=15))
def test_no_checkpoint_publishes_what_both_do_not_consent_to(steps: list[tuple[str, str]]) -> None:
    """Two guests and their host write, take back and are forgotten, before a checkpoint and afterwards."""
    holds(after("bob: star", "carol: star", ready=2), steps)


@settings(max_examples=25, deadline=None)
@always(
    st.integers(4, 6), st.lists(st.tuples(worked, st.sampled_from(EVERYBODY[:3])), min_size=4, max_size=15)
)
def test_no_result_and_no_lead_has_anything_of_who_does_not_stand(
    ready: int, steps: list[tuple[str, str]]
) -> None:
    """While they work and afterwards, some say yes and no, are forgotten and come back."""
    holds(after("play", ready=ready), steps)

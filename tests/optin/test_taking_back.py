"""What is taken back is gone from matching, results, leads and pages as soon as its event is handled, and comes again.

No instant has to pass for it, and nothing to be due: every function needs the one event that tells it.
"""

import re

import pytest

from tests.optin.account import EVERYBODY, GUESTS, HOST
from tests.optin.world import World

WHO = "bob"
COMMITS = ("revoke", "withdraw")
REVOKED = "house.optin.opt-in-revoked.v1"


@pytest.fixture
def world() -> World:
    """Five have worked together and wish to again; four of them are guests, of whom bob has starred."""
    made = World()
    for guest in GUESTS[:4]:
        made.step("opt in", guest)
    for what in ("star", "play", "wait"):
        made.step(what, WHO)
    for name in EVERYBODY[:5]:
        made.step("come back", name)
    made.check()
    return made


def leads(world: World) -> set[str]:
    """Who is on the page of the client's brief."""
    page = world.client.get(f"/briefs/{world.brief}", accept="text/html").text
    return {name for developer, name in world.names.items() if developer in page}


def chips(world: World) -> list[str]:
    """What the log's page says of the star."""
    page = world.house.operator().get("/log?kind=star", accept="text/html").text
    return re.findall(r'<span class="chip (recorded|confirmed|withheld)">', page)


def take_back(world: World, way: str) -> list[tuple[str, str]]:
    """Take bob's opt-in back in a House where nothing becomes due; which function handled which events."""
    world.house.ticks = False
    world.house.handled.clear()
    if way == "by the API":
        commit = world.account.asked[WHO][0].commit
        assert world.voices[WHO].post(f"/api/me/opt-ins/{commit}/withdraw").status_code == 202
        world.account.asked[WHO][0].over = True
    else:
        world.step(way, WHO)
    return world.house.handled


@pytest.mark.parametrize(
    "way", [*COMMITS, "withhold the answer", "withhold the invitation", "by the API", "erase"]
)
def test_it_is_gone_at_once_whichever_way_it_is_taken_back(world: World, way: str) -> None:
    assert leads(world) == set(EVERYBODY[:5])
    assert chips(world) == ["confirmed"]
    told = take_back(world, way)
    world.compare()
    assert leads(world) == {HOST, *GUESTS[1:4]}
    assert chips(world) == ["recorded"]
    assert world.draw() == []
    if way != "erase":
        assert [kind for function, kind in told if function == "matchmaker"] == [REVOKED]
        # It tells itself: the lead's stream, then the session's, then the brief's.
        assert [kind for function, kind in told if function == "aggregator"] == [
            REVOKED,
            "house.aggregator.standing-told.v1",
            "house.aggregator.session-revised.v1",
        ]


def test_a_withheld_entry_is_gone_at_once_and_nothing_else_is(world: World) -> None:
    world.house.ticks = False
    world.step("withhold the star", WHO)
    world.compare()
    assert (leads(world), chips(world)) == (set(EVERYBODY[:5]), ["withheld"])
    world.step("release the star", WHO)
    world.compare()
    assert chips(world) == ["confirmed"]
    assert len(world.draw()) == 1


@pytest.mark.parametrize("way", [*COMMITS, "withhold the answer", "by the API"])
def test_what_was_derived_is_derived_again_when_both_agree_anew(world: World, way: str) -> None:
    take_back(world, way)
    world.house.ticks = True
    world.step("opt in", WHO)
    world.compare()
    assert leads(world) == set(EVERYBODY[:5])
    # It was received before this opt-in, and is not of it.
    assert chips(world) == ["recorded"]
    assert len(world.draw()) == 1


def test_a_seat_that_is_held_is_given_back_with_the_opt_in(world: World) -> None:
    [session] = world.draw()
    take_back(world, "revoke")
    # What a seat forfeits is settled when all of that instant is known.
    world.house.ticks = True
    world.house.clock.move(1)
    world.house.settle()
    assert world.house.of(f"/api/sessions/{session.session}")["status"] == "dissolved"
    assert world.draw() == []

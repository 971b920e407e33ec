"""Team quality, checked against figures worked out by hand (DESIGN section 6)."""

import pytest
from hypothesis import given as always
from hypothesis import strategies as st

from shared.domain.lanes import LANES, Lane
from shared.domain.matches import Ticket
from shared.domain.quality import arc, quality


def ticket(
    primary: Lane,
    secondary: Lane | None = None,
    languages: tuple[str, ...] = ("en",),
    offset_h: float = 0.0,
    skill: float = 25.0,
) -> Ticket:
    return Ticket(
        f"t-{primary}", primary, secondary or primary, languages, offset_h, "default", 10**18, skill
    )


def team(**changed: Ticket) -> list[Ticket]:
    """A perfect team, with some lanes' tickets changed."""
    return [changed.get(lane, ticket(lane)) for lane in LANES]


@pytest.mark.parametrize(
    ("offsets_h", "expected_h"),
    [
        ([0.0, 0.0, 0.0], 0.0),
        ([-1.0, 0.0, 2.0], 3.0),
        ([11.0, -11.0], 2.0),
        ([12.0, -12.0], 0.0),
        ([5.5, 5.75], 0.25),
        ([0.0, 8.0, 16.0], 16.0),
    ],
)
def test_the_arc_is_the_shortest_way_round_the_clock(offsets_h: list[float], expected_h: float) -> None:
    assert arc(offsets_h) == pytest.approx(expected_h)


quarters = st.integers(-48, 56).map(lambda n: n / 4)


@always(st.lists(quarters, min_size=1, max_size=5), quarters)
def test_the_arc_does_not_depend_on_where_the_day_begins(offsets_h: list[float], by_h: float) -> None:
    assert arc([offset + by_h for offset in offsets_h]) == arc(offsets_h)


@always(st.lists(st.floats(-12, 14), min_size=1, max_size=5))
def test_the_arc_is_never_negative_and_never_the_whole_day(offsets_h: list[float]) -> None:
    assert 0 <= arc(offsets_h) <= 24 * (1 - 1 / len(offsets_h)) + 1e-9


def test_five_equals_in_their_first_lanes_are_perfect() -> None:
    assert quality(team()) == 1.0


def test_each_second_choice_costs_a_twentieth() -> None:
    assert quality(team(designer=ticket("engineer", "designer"))) == pytest.approx(0.95)


def test_half_the_skill_range_costs_0_15() -> None:
    assert quality(team(engineer=ticket("engineer", skill=25 + 25 / 3))) == pytest.approx(0.85)


def test_four_hours_cost_a_tenth() -> None:
    assert quality(team(marketer=ticket("marketer", offset_h=-4))) == pytest.approx(0.9)


@pytest.mark.parametrize(
    "changed",
    [
        {"engineer": ticket("marketer", "designer")},
        {"engineer": ticket("engineer", skill=25 + 16.7)},
        {"engineer": ticket("engineer", offset_h=8.25)},
        {"engineer": ticket("engineer", languages=("fr", "de"))},
    ],
)
def test_an_infeasible_team_has_no_quality(changed: dict[str, Ticket]) -> None:
    assert quality(team(**changed)) == 0.0


def test_a_language_shared_in_pairs_only_is_no_shared_language() -> None:
    two = {
        "facilitator": ticket("facilitator", languages=("en", "fr")),
        "researcher": ticket("researcher", languages=("fr", "de")),
    }
    three = {"designer": ticket("designer", languages=("en", "de"))}
    assert quality(team(**two, **three)) == 0.0

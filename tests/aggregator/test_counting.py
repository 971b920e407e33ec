"""The arithmetic of results: Wilson's interval, the grid, the sample."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import heat, wilson

fractions = st.floats(0, 1)
points = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), fractions), max_size=200)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_within_0_and_1_and_contains_the_share(counted: tuple[int, int]) -> None:
    low, high = wilson.interval(*counted)
    assert 0 <= low <= counted[0] / counted[1] <= high <= 1
    assert low < high


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_its_ends_are_where_the_score_test_is_just_significant(counted: tuple[int, int]) -> None:
    successes, trials = counted
    for end in wilson.interval(successes, trials):
        # Wilson's definition: (share - end)^2 = z^2 * end * (1 - end) / trials.
        off = (successes / trials - end) ** 2 - wilson.Z_95**2 * end * (1 - end) / trials
        assert isclose(off, 0, abs_tol=1e-9)


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson.interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_without_trials_nothing_is_known() -> None:
    assert wilson.interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("counted", [(-1, 5), (6, 5), (1, 0)])
def test_impossible_counts_have_no_interval(counted: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"within 0\.\.trials"):
        wilson.interval(*counted)


@given(points, st.integers(1, 20_000), st.integers(1, 20_000))
def test_every_point_is_counted_in_one_cell(found: list[heat.Place], width_px: int, height_px: int) -> None:
    rows = heat.rows_for(width_px, height_px)
    assert 1 <= rows <= heat.ROWS_MAX
    grid = heat.counts(found, rows)
    assert len(grid) == heat.COLUMNS * rows
    assert sum(grid) == len(found)


def test_corners_are_in_the_corner_cells() -> None:
    grid = heat.counts([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)], 18)
    assert [cell for cell, count in enumerate(grid) if count] == [0, 31, 32 * 17, 32 * 18 - 1]


@pytest.mark.parametrize(
    ("size", "rows"), [((640, 360), 18), ((100, 100), 32), ((10, 9000), 64), ((9000, 10), 1), ((0, 0), 32)]
)
def test_rows_follow_the_shape_of_the_image(size: tuple[int, int], rows: int) -> None:
    assert heat.rows_for(*size) == rows


def test_fewer_than_thirty_points_are_refused_with_their_number() -> None:
    assert heat.refusal(29) == "needs 30 points, has 29"
    assert heat.refusal(30) is None


@given(points, points, st.integers(1, 60))
def test_a_sample_of_samples_is_the_sample_of_the_whole(
    one: list[heat.Place], other: list[heat.Place], limit: int
) -> None:
    whole = heat.sample([*one, *other], limit)
    assert heat.sample([*heat.sample(other, limit), *heat.sample(one, limit)], limit) == whole
    assert len(whole) == min(limit, len(one) + len(other))


@given(st.floats(), st.floats())
def test_a_place_is_on_the_image_or_none(x: float, y: float) -> None:
    place = heat.placed(x, y)
    assert (place is not None) == (0 <= x <= 1 and 0 <= y <= 1)
    if place is not None:
        assert heat.placed(*place) == place

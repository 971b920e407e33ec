"""The catalogue of a brief, and the result that its closed sessions make together."""

from random import Random
from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.aggregator.decide.briefs import AT_WORK_MAX, BRIEFS
from functions.aggregator.decide.tally import POINTS_KEPT_MAX
from shared.domain.brief_results import (
    CREATIVES_MAX,
    BriefCatalogued,
    BriefResult,
    CreativeCatalogued,
    ResultPublished,
)
from shared.domain.event import encode
from shared.domain.results import Marks, SessionClosed
from tests.aggregator.team import (
    BRIEF,
    CLIENT,
    FORMED_US,
    OPENED,
    POINTS_EACH,
    SESSION,
    Run,
    catalogued,
    creative,
    formed,
)
from tests.given import NOW_US, arriving, given

KNOWN = BriefCatalogued(BRIEF, CLIENT, "Donate page", "Which words move you?", POINTS_EACH)


def listed(name: str, added_at_us: int = NOW_US) -> CreativeCatalogued:
    added = creative(name)
    kind, size = added.kind, (added.width_px, added.height_px)
    return CreativeCatalogued(
        BRIEF, name, kind, added.label, added_at_us, added.text, added.blob, added.media_type, *size
    )


def closed(
    session: str, *ballots: tuple[str, ...], points: tuple[tuple[float, float], ...] = ()
) -> SessionClosed:
    marks = (Marks("image-a", points),)
    copies = ("copy-a", "copy-b")
    return SessionClosed(session, BRIEF, CLIENT, "tasks done", NOW_US, copies, tuple(sorted(ballots)), marks)


def published(*sessions: SessionClosed) -> ResultPublished:
    run = Run().take([OPENED, creative("copy-a"), creative("copy-b"), creative("image-a"), *sessions])
    result = run.states[f"brief/{BRIEF}"].result
    assert isinstance(result, ResultPublished)
    return result


def test_a_brief_and_its_creatives_are_catalogued() -> None:
    given(BRIEFS).when(OPENED).then(KNOWN)
    given(BRIEFS, KNOWN).when(creative("image-a")).then(listed("image-a"))


def test_a_brief_is_found_by_its_client() -> None:
    assert BRIEFS.fold.tags(given(BRIEFS, KNOWN).state) == {CLIENT}


def test_a_sessions_tasks_are_the_creatives_added_before_it_was_formed() -> None:
    past = [KNOWN, *map(listed, ("copy-a", "copy-b", "image-a")), listed("copy-late", FORMED_US + 1)]
    given(BRIEFS, *past).when(formed()).then(catalogued())


def test_a_creative_that_arrives_late_is_still_a_task_of_the_session() -> None:
    told = catalogued(images=())
    past = [KNOWN, listed("copy-a"), listed("copy-b"), told]
    given(BRIEFS, *past).when(creative("image-a")).then(listed("image-a"), catalogued())


def test_a_session_waits_for_its_brief() -> None:
    waiting = catalogued(points_each=None)
    past = [*map(listed, ("copy-a", "copy-b", "image-a")), waiting]
    given(BRIEFS, *past).when(OPENED).then(KNOWN, catalogued())


def test_a_creative_added_after_the_session_was_formed_is_no_task_of_it() -> None:
    past = [KNOWN, listed("copy-a"), listed("copy-b"), listed("image-a"), catalogued()]
    given(BRIEFS, *past).when(creative("copy-late"), at_us=FORMED_US + 1).then(
        listed("copy-late", FORMED_US + 1)
    )


def test_no_more_creatives_are_catalogued_than_the_limit() -> None:
    full = [listed(f"copy-{n}") for n in range(CREATIVES_MAX)]
    given(BRIEFS, KNOWN, *full).when(creative("copy-more")).nothing()


def test_only_the_newest_teams_at_work_are_remembered() -> None:
    many = [
        catalogued(session=f"session-{n:03d}", formed_at_us=FORMED_US + n) for n in range(AT_WORK_MAX + 5)
    ]
    state = given(BRIEFS, KNOWN, *many).state
    assert [known.session for known in state.at_work][:: AT_WORK_MAX - 1] == ["session-005", "session-054"]
    assert len(state.sessions) == AT_WORK_MAX + 5


def test_a_result_counts_approvals_with_their_interval() -> None:
    result = published(closed(SESSION, ("copy-a",), ("copy-a", "copy-b"), ("copy-a",), (), ("copy-a",)))
    first, second = result.copies
    assert (first.creative, first.label, first.approvals, first.ballots, first.share) == (
        "copy-a",
        "COPY-A",
        4,
        5,
        0.8,
    )
    assert (second.approvals, second.ballots, second.share) == (1, 5, 0.2)
    assert (first.low, first.high) == pytest.approx((0.3755, 0.9638), abs=1e-4)
    assert result.leading == "copy-a"


@pytest.mark.parametrize("ballots", [(), ((),), (("copy-a",), ("copy-b",)), (("copy-a", "copy-b"),)])
def test_nothing_leads_on_a_tie_or_without_approvals(ballots: tuple[tuple[str, ...], ...]) -> None:
    assert published(closed(SESSION, *ballots)).leading is None


def test_sessions_add_up() -> None:
    result = published(
        closed("session-2", ("copy-b",), points=((0.1, 0.1),) * 20),
        closed("session-1", ("copy-b",), ("copy-a",)),
    )
    assert result.sessions == ("session-1", "session-2")
    assert [(tally.approvals, tally.ballots) for tally in result.copies] == [(1, 3), (2, 3)]
    assert result.leading == "copy-b"
    (image,) = result.images
    assert (image.marked, sum(image.grid), image.refusal) == (20, 20, "needs 30 points, has 20")


def test_a_result_speaks_only_of_creatives_that_a_session_showed() -> None:
    """Whether one that was added later is known here when a session closes is a matter of chance."""
    known = [OPENED, creative("copy-a"), creative("copy-b"), creative("image-a")]
    unshown = [creative("copy-z"), creative("image-z")]
    for inputs in ([*known, *unshown, closed("s1")], [*known, closed("s1"), *unshown]):
        assert Run().take(inputs).states[f"brief/{BRIEF}"].result == published(closed("s1"))


def test_an_image_with_enough_points_has_a_heat_map() -> None:
    (image,) = published(closed(SESSION, points=((0.5, 0.5),) * 30)).images
    assert image.refusal is None
    assert (image.columns, image.rows, max(image.grid)) == (32, 24, 30)


def test_a_session_is_merged_once() -> None:
    state = BriefResult(result=published(closed(SESSION, ("copy-a",))))
    assert BRIEFS.decide(state, arriving(closed(SESSION, ("copy-a",)))) == []


def test_a_published_result_ends_the_work_of_its_session() -> None:
    run = Run().take([OPENED, creative("copy-a"), formed(), closed(SESSION, ("copy-a",))])
    assert run.states[f"brief/{BRIEF}"].at_work == ()


def test_a_result_keeps_a_bounded_sample_of_its_points_and_counts_them_all() -> None:
    random = Random(7)
    sessions = [
        closed(f"session-{n}", points=tuple((random.random(), random.random()) for _ in range(1_500)))
        for n in range(4)
    ]
    one, other = published(*sessions), published(*reversed(sessions))
    assert one == other
    assert (one.images[0].marked, len(one.images[0].points)) == (6_000, POINTS_KEPT_MAX)
    assert len(encode(one)) < 200_000


names = st.lists(st.sampled_from(["copy-a", "copy-b"]), max_size=2).map(tuple)
spots = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.5])), max_size=12).map(
    tuple
)


@settings(max_examples=100, deadline=None)
@always(
    st.lists(st.tuples(st.lists(names, max_size=5), spots), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_a_result_does_not_depend_on_the_order_in_which_sessions_close(
    sessions: list[Any], random: Random
) -> None:
    ended = [
        replace(closed(f"session-{n}", *ballots, points=points), closed_at_us=NOW_US + n)
        for n, (ballots, points) in enumerate(sessions)
    ]
    shuffled = ended.copy()
    random.shuffle(shuffled)
    assert published(*ended) == published(*shuffled)

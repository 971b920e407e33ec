"""One team's votes and points: what counts, and when the session ends."""

from random import Random

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from functions.aggregator.decide.sessions import SESSIONS
from shared.domain.event import Due, Event
from shared.domain.results import (
    Marks,
    MetricRecorded,
    PartBegun,
    PartTaken,
    SessionCleared,
    SessionClosed,
    StandingNoted,
)
from tests.aggregator.team import (
    BRIEF,
    CLIENT,
    OPENED,
    SESSION,
    TEAM,
    WINDOW_END_US,
    Run,
    at,
    catalogued,
    creative,
    formed,
    opened,
    point,
    seats,
    vote,
)
from tests.given import arriving, given

STANDS = StandingNoted(SESSION, TEAM[0], True)


def recorded(body: Event) -> MetricRecorded:
    begun, event = given(SESSIONS, opened()).when(body).events
    assert isinstance(begun, PartBegun)
    assert isinstance(event, MetricRecorded)
    return event


def everything_done(developer: str, after_s: float) -> list[Event]:
    return [
        vote(developer, after_s, "copy-a"),
        point(developer, after_s + 1, 0.25, 0.5),
        point(developer, after_s + 2, 0.75, 0.5),
    ]


def closing(run: Run) -> SessionClosed:
    (closed,) = [event for event in run.events if isinstance(event, SessionClosed)]
    return closed


def test_a_catalogued_session_opens() -> None:
    given(SESSIONS).when(catalogued()).then(opened())


def test_a_session_whose_brief_is_not_known_yet_does_not_open() -> None:
    given(SESSIONS).when(catalogued(points_each=None, copies=(), images=())).nothing()


def test_a_session_takes_on_a_late_creative_and_ignores_an_older_catalogue() -> None:
    more = catalogued(copies=("copy-a", "copy-b", "copy-c"))
    state = given(SESSIONS, opened()).when(more).then(opened(copies=more.copies))
    assert SESSIONS.decide(state, arriving(catalogued())) == []


def test_a_participants_vote_is_recorded_with_each_approved_copy_once() -> None:
    body = vote(TEAM[0], 5, "copy-b", "copy-a", "copy-a")
    given(SESSIONS, opened()).when(body).then(
        PartBegun(SESSION, TEAM[0]), MetricRecorded(SESSION, TEAM[0], at(5), approved=("copy-a", "copy-b"))
    )


def test_a_point_is_kept_to_a_ten_thousandth_of_the_image() -> None:
    given(SESSIONS, opened()).when(point(TEAM[1], 5, 1 / 3, 1.0)).then(
        PartBegun(SESSION, TEAM[1]), MetricRecorded(SESSION, TEAM[1], at(5), None, "image-a", 0.3333, 1.0)
    )


@pytest.mark.parametrize(
    "body",
    [
        vote("dev_outsider", 5, "copy-a"),
        point("dev_outsider", 5, 0.5, 0.5),
        point(TEAM[0], 5, 1.5, 0.5),
        point(TEAM[0], 5, float("nan"), 0.5),
        vote(TEAM[0], 3600, "copy-a"),
    ],
)
def test_what_does_not_belong_is_ignored(body: Event) -> None:
    given(SESSIONS, opened()).when(body).nothing()


def test_a_point_over_the_number_asked_for_is_ignored_and_an_earlier_one_takes_its_place() -> None:
    two = [recorded(point(TEAM[0], seconds, 0.1, 0.1)) for seconds in (5, 6)]
    given(SESSIONS, opened(), *two).when(point(TEAM[0], 7, 0.9, 0.9)).nothing()
    after = given(SESSIONS, opened(), *two).when(point(TEAM[0], 4, 0.9, 0.9)).after
    assert [kept.marked_at_us for kept in after.points[TEAM[0]]["image-a"]] == [at(4), at(5)]


def test_an_open_session_is_due_at_the_end_of_its_window() -> None:
    assert SESSIONS.fold.due_at_us(given(SESSIONS, opened()).state) == WINDOW_END_US + 1


def test_a_session_is_due_when_the_last_participant_has_done_the_last_task() -> None:
    run = Run().take([OPENED, creative("copy-a"), creative("image-a"), formed()])
    for n, developer in enumerate(TEAM):
        state = run.states[f"result/{SESSION}"]
        assert SESSIONS.fold.due_at_us(state) == WINDOW_END_US + 1
        run.take(everything_done(developer, 10.0 * n))
    assert SESSIONS.fold.due_at_us(run.states[f"result/{SESSION}"]) == at(42) + 1


def test_a_due_session_closes_and_clears_its_seats() -> None:
    decided = given(
        SESSIONS,
        opened(),
        STANDS,
        recorded(vote(TEAM[0], 5, "copy-b")),
        recorded(point(TEAM[0], 6, 0.5, 0.25)),
    )
    state = decided.when(Due(WINDOW_END_US + 1), at_us=WINDOW_END_US + 1).then(
        SessionClosed(
            SESSION,
            BRIEF,
            CLIENT,
            "window passed",
            WINDOW_END_US,
            copies=("copy-a", "copy-b"),
            ballots=(("copy-b",),),
            marks=(Marks("image-a", ((0.5, 0.25),)),),
        ),
        PartTaken(SESSION, BRIEF, CLIENT, TEAM[0], "facilitator", "primary", 2, True, 2, 1, at(6)),
        SessionCleared(SESSION, BRIEF, seats()),
    )
    assert SESSIONS.fold.due_at_us(state) is None


def test_a_session_that_is_not_due_yet_stays_open() -> None:
    given(SESSIONS, opened()).when(Due(WINDOW_END_US), at_us=WINDOW_END_US).nothing()


def test_nothing_is_taken_after_closing() -> None:
    run = Run().take([OPENED, creative("copy-a"), formed()]).until(WINDOW_END_US)
    made = len(run.events)
    run.take([vote(TEAM[0], 5, "copy-a"), creative("copy-b")]).until(WINDOW_END_US)
    assert [event for event in run.events[made:] if isinstance(event, MetricRecorded | SessionClosed)] == []


def test_the_latest_ballot_counts() -> None:
    run = Run().take([OPENED, creative("copy-a"), creative("copy-b"), formed()])
    run.take([vote(TEAM[0], 9, "copy-b"), vote(TEAM[0], 3, "copy-a")]).until(WINDOW_END_US)
    assert closing(run).ballots == (("copy-b",),)


def test_a_change_of_mind_after_the_last_task_was_done_does_not_count() -> None:
    run = Run().take([OPENED, creative("copy-a"), creative("copy-b"), formed()])
    run.take([vote(developer, n, "copy-a") for n, developer in enumerate(TEAM)])
    run.take([vote(TEAM[0], 60, "copy-b")]).until(WINDOW_END_US)
    assert closing(run).reason == "tasks done"
    assert closing(run).closed_at_us == at(4)
    assert closing(run).ballots == (("copy-a",),) * 5


def test_what_is_not_a_task_of_the_session_does_not_count() -> None:
    run = Run().take([OPENED, creative("copy-a"), creative("image-a"), formed()])
    run.take([vote(TEAM[0], 1, "copy-a", "copy-z"), point(TEAM[0], 2, 0.5, 0.5, image="image-z")])
    run.until(WINDOW_END_US)
    assert closing(run).ballots == (("copy-a",),)
    assert closing(run).marks == (Marks("image-a", ()),)


def test_those_who_did_nothing_took_no_part() -> None:
    run = Run().take([OPENED, creative("copy-a"), formed(), vote(TEAM[2], 5)]).until(WINDOW_END_US)
    assert [event.developer for event in run.events if isinstance(event, PartTaken)] == [TEAM[2]]
    assert closing(run).ballots == ((),)


seconds = st.integers(0, 30)
places = st.sampled_from([0.0, 0.1, 0.5, 1.0])
developers = st.sampled_from([*TEAM, "dev_outsider"])
votes = st.builds(
    lambda who, when, what: vote(who, when, *what),
    developers,
    seconds,
    st.lists(st.sampled_from(["copy-a", "copy-b", "not-a-task"]), max_size=3),
)
points = st.builds(point, developers, seconds, places, places, st.sampled_from(["image-a", "not-a-task"]))


@settings(max_examples=150, deadline=None)
@always(
    st.lists(votes | points, max_size=40),
    st.integers(0, 2**16),
    st.sets(st.sampled_from(TEAM)),
    st.booleans(),
)
def test_the_outcome_does_not_depend_on_the_order_of_arrival(
    metrics: list[Event], seed: int, busy: set[str], early: bool
) -> None:
    beginning = [OPENED, creative("copy-a"), creative("copy-b"), creative("image-a"), formed()]
    # The edge lets participants through only, so an outsider cannot wait for a session to open.
    metrics = [body for body in metrics if not early or getattr(body, "developer", "") in TEAM]
    inputs = [*metrics, *(body for developer in busy for body in everything_done(developer, 7))]
    shuffled = inputs.copy()
    Random(seed).shuffle(shuffled)
    other = Run(Random(seed))
    if early:
        shuffled = [*shuffled, *beginning]
        Random(seed + 1).shuffle(shuffled)
    else:
        other.take(beginning)
    one = Run().take(beginning).take(sorted(inputs, key=repr)).until(WINDOW_END_US)
    other.take(shuffled).until(WINDOW_END_US)
    assert one.states == other.states
    assert one.states[f"result/{SESSION}"].status == "closed"

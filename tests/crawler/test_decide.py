"""Whom to look at, and when."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.crawler.decide import NotRead, decide, deferred, evolve, is_due, party_stream
from functions.crawler.main import FUNCTION
from shared.domain.event import Due, Event
from shared.domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from shared.domain.profiles import (
    OPT_INS_MAX,
    CrawlDeferred,
    CrawlRequested,
    CrawlStopped,
    CrawlWithdrawn,
    Profile,
    ProfileObserved,
    SiteObserved,
)
from shared.ports.web import Unreachable
from tests.crawler.looking import ADA, OCTO, after, confirmed, revoked
from tests.given import NOW_US, arriving

SITE = "https://octo.example/"
SEEN = ProfileObserved(OCTO, "octo", NOW_US, site=SITE)
READ = SiteObserved(OCTO, SITE, NOW_US, 200, "ab" * 32, 10)
WATCHED = after([CrawlRequested(OCTO, "octo", "c0ffee", NOW_US)])


def when(state: Profile, body: Event, *, party: int = 0, at_us: int = NOW_US) -> list[Any]:
    return list(decide(party, state, arriving(body, at_us=at_us)))


def test_an_opt_in_concerns_the_streams_of_both_parties() -> None:
    for body in (confirmed(), revoked()):
        streams = [stream for errand in FUNCTION.errands for stream in errand.streams(arriving(body))]
        assert streams == [f"profile/{OCTO}", f"profile/{ADA}"]


def test_a_due_concerns_its_own_stream_and_one_errand_alone() -> None:
    assert party_stream(0, arriving(Due(NOW_US), stream="profile/x")) == ("profile/x",)
    assert [Due in errand.reads for errand in FUNCTION.errands] == [True, False, False]


@pytest.mark.parametrize(("party", "developer", "login"), [(0, OCTO, "octo"), (1, ADA, "ada")])
def test_an_opt_in_requests_a_look_at_each_party_by_its_own_login(
    party: int, developer: str, login: str
) -> None:
    events = when(Profile(), confirmed(), party=party)
    assert events == [CrawlRequested(developer, login, "c0ffee", NOW_US)]
    assert is_due(after(events), NOW_US)


def test_a_second_opt_in_is_remembered_but_needs_no_second_look() -> None:
    state = after([SEEN], WATCHED)
    events = when(state, confirmed("beef"), at_us=NOW_US + 1)
    assert events == [CrawlRequested(OCTO, "octo", "beef", NOW_US + 1)]
    assert after(events, state).next_at_us == NOW_US + DAY_US


def test_a_new_login_is_looked_at_at_once() -> None:
    state = after([SEEN], WATCHED)
    changed = after(when(state, confirmed("beef", logins=("octo2", "ada")), at_us=NOW_US + 1), state)
    assert (changed.login, is_due(changed, NOW_US + 1)) == ("octo2", True)


def test_the_last_opt_in_to_end_stops_the_looking_and_leaves_nothing_that_was_seen() -> None:
    state = after([SEEN, READ], WATCHED)
    events = when(state, revoked())
    assert events == [CrawlWithdrawn(OCTO, "c0ffee", NOW_US), CrawlStopped(OCTO, NOW_US)]
    assert after(events, state) == Profile(status="stopped", withdrawn=(events[0],))


def test_another_opt_in_keeps_the_looking_going() -> None:
    state = after([CrawlRequested(OCTO, "octo", "beef", NOW_US), SEEN], WATCHED)
    events = when(state, revoked())
    assert events == [CrawlWithdrawn(OCTO, "c0ffee", NOW_US)]
    assert after(events, state).next_at_us == NOW_US + DAY_US


def test_a_second_revocation_of_one_opt_in_changes_nothing() -> None:
    state = after(when(WATCHED, revoked()), WATCHED)
    assert when(state, revoked(by=ADA)) == []


def test_a_revocation_that_arrives_first_still_counts() -> None:
    state = after(when(Profile(), revoked()))
    assert when(state, confirmed()) == []
    assert not is_due(state, NOW_US + DAY_US)


def test_an_opt_in_after_a_stop_starts_the_looking_again() -> None:
    state = after(when(WATCHED, revoked()), WATCHED)
    again = after(when(state, confirmed("beef"), at_us=NOW_US + 1), state)
    assert (again.status, is_due(again, NOW_US + 1)) == ("watched", True)


def test_the_final_state_does_not_depend_on_the_order_of_opt_ins_and_revocations() -> None:
    inputs = [confirmed("a"), revoked("a"), confirmed("b"), confirmed("c"), revoked("c")]
    finals = set()
    for order in permutations(inputs):
        state = Profile()
        for body in order:
            at_us = NOW_US + inputs.index(body)
            state = after(when(state, body, at_us=at_us), state)
        finals.add((state.status, state.opt_ins, state.withdrawn, state.login))
    assert len(finals) == 1


def test_what_is_remembered_is_bounded() -> None:
    state = Profile()
    for n in range(3 * OPT_INS_MAX):
        state = after(when(state, confirmed(f"on{n}"), at_us=NOW_US + n), state)
        state = after(when(state, revoked(f"off{n}"), at_us=NOW_US + n), state)
    assert (len(state.opt_ins), len(state.withdrawn)) == (OPT_INS_MAX, OPT_INS_MAX)


# -- when


def test_what_was_seen_is_looked_at_again_a_day_later() -> None:
    assert after([SEEN, READ], WATCHED).next_at_us == NOW_US + DAY_US


def test_a_changed_site_forgets_the_page_of_the_old_one() -> None:
    state = after([SEEN, READ, ProfileObserved(OCTO, "octo", NOW_US, site="https://new.example/")], WATCHED)
    assert state.site is None


@pytest.mark.parametrize("why", [NotRead("it answered 503"), Unreachable("it takes no connection")])
def test_what_fails_is_tried_again_after_an_hour_then_twice_as_long_up_to_a_day(
    why: NotRead | Unreachable,
) -> None:
    state, now_us, waits = WATCHED, NOW_US, []
    for _ in range(7):
        event = deferred(state, "https://octo.example/", why, now_us)
        assert event.retry_at_us is not None
        waits.append((event.retry_at_us - now_us) // HOUR_US)
        state, now_us = evolve(state, event), event.retry_at_us
    assert waits == [1, 2, 4, 8, 16, 24, 24]


def test_a_success_resets_the_wait() -> None:
    failing = after([deferred(WATCHED, SITE, NotRead("it answered 503"), NOW_US)], WATCHED)
    state = after([SEEN, READ], failing)
    assert deferred(state, SITE, NotRead("it answered 503"), NOW_US).retry_at_us == NOW_US + HOUR_US


def test_a_failing_site_waits_longer_although_the_profile_is_read_each_time() -> None:
    state = after([SEEN, deferred(WATCHED, SITE, NotRead("it answered 503"), NOW_US), SEEN], WATCHED)
    assert deferred(state, SITE, NotRead("it answered 503"), NOW_US).retry_at_us == NOW_US + 2 * HOUR_US


@given(wait_us=st.integers(-DAY_US, 400 * DAY_US))
def test_a_server_may_ask_for_a_minute_to_a_week(wait_us: int) -> None:
    event = deferred(WATCHED, SITE, NotRead("rate limit", NOW_US + wait_us), NOW_US)
    assert event.retry_at_us == NOW_US + max(MINUTE_US, min(wait_us, 7 * DAY_US))


@given(
    outcomes=st.lists(
        st.sampled_from([SEEN, READ, CrawlDeferred(OCTO, SITE, "why", NOW_US, NOW_US + SECOND_US)]),
        max_size=6,
    )
)
def test_a_stopped_profile_is_never_due(outcomes: list[Any]) -> None:
    state = after([*outcomes, *when(WATCHED, revoked())], WATCHED)
    assert state.next_at_us is None
    assert not is_due(state, NOW_US + 400 * DAY_US)

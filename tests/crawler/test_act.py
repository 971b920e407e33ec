"""The crawler over real HTTP, against the demo's GitHub and its users' sites."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

import pytest
from msgspec.structs import replace

from shared.cli.demo_github import DemoGitHub
from shared.domain.instants import DAY_US, HOUR_US, SECOND_US
from shared.domain.profiles import (
    CrawlDeferred,
    CrawlRequested,
    CrawlStopped,
    CrawlWithdrawn,
    Profile,
    ProfileObserved,
    SiteObserved,
)
from tests.crawler.looking import ADA, OCTO, USERS, after, confirmed, due, look, revoked
from tests.given import NOW_US
from tests.loopback import Answer, Asked, Loopback


@pytest.fixture
def github() -> Iterator[DemoGitHub]:
    with DemoGitHub(USERS) as server:
        yield server


def deferral(events: Sequence[object]) -> CrawlDeferred:
    last = events[-1]
    assert isinstance(last, CrawlDeferred)
    return last


def test_a_confirmed_opt_in_brings_the_profile_and_its_site(github: DemoGitHub) -> None:
    requested, profile, page = look(github, confirmed())
    assert requested == CrawlRequested(OCTO, "octo", "c0ffee", NOW_US)
    assert isinstance(profile, ProfileObserved)
    assert (profile.developer, profile.login, profile.name) == (OCTO, "octo", "Octo Cat")
    assert (profile.status, profile.emoji, profile.busy) == ("On a boat", ":boat:", True)
    assert (profile.organizations, profile.site) == (("house", "zoo"), github.site("octo"))
    assert isinstance(page, SiteObserved)
    assert (page.url, page.status_code, page.title) == (github.site("octo"), 200, "Octo Cat")
    shown = github.answer(Asked("GET", "/sites/octo/", {}, b"")).body
    assert isinstance(shown, bytes)
    assert (page.digest, page.size_bytes) == (sha256(shown).hexdigest(), len(shown))


def test_the_other_party_without_a_site_has_a_profile_alone(github: DemoGitHub) -> None:
    requested, profile = look(github, confirmed(), party=1)
    assert requested == CrawlRequested(ADA, "ada", "c0ffee", NOW_US)
    assert isinstance(profile, ProfileObserved)
    assert (profile.developer, profile.site, profile.busy) == (ADA, None, False)
    assert not any("sites" in asked for asked in github.requests)


def test_a_day_later_what_has_not_changed_is_not_sent_again(github: DemoGitHub) -> None:
    first = look(github, confirmed())
    state = after(first)
    profile, page = look(github, due(state), state, at_us=NOW_US + DAY_US)
    assert isinstance(profile, ProfileObserved)
    assert isinstance(page, SiteObserved)
    assert github.unchanged == {"GET /users/octo": 1, "GET /users/octo/orgs": 1, "GET /sites/octo/": 1}
    assert profile == replace(first[1], observed_at_us=NOW_US + DAY_US)
    assert page == replace(first[2], observed_at_us=NOW_US + DAY_US, unchanged=True)
    assert after([profile, page], state).next_at_us == NOW_US + 2 * DAY_US


def test_a_change_is_seen_a_day_later(github: DemoGitHub) -> None:
    state = after(look(github, confirmed()))
    github.users["octo"] = replace(USERS["octo"], name="Octo the Second", busy=False, status=None, emoji=None)
    profile, page = look(github, due(state), state, at_us=NOW_US + DAY_US)
    assert isinstance(profile, ProfileObserved)
    assert isinstance(page, SiteObserved)
    assert (profile.name, profile.busy, profile.status) == ("Octo the Second", False, None)
    assert (page.title, page.unchanged) == ("Octo the Second", False)


def test_without_a_token_no_status_is_asked_for(github: DemoGitHub) -> None:
    _, profile, _ = look(github, confirmed(), token=None)
    assert isinstance(profile, ProfileObserved)
    assert (profile.name, profile.status, profile.busy) == ("Octo Cat", None, False)
    assert "POST /graphql" not in github.requests


def test_before_the_day_is_over_nothing_is_asked(github: DemoGitHub) -> None:
    state = after(look(github, confirmed()))
    github.requests.clear()
    assert look(github, confirmed("beef"), state, at_us=NOW_US + 1) == [
        CrawlRequested(OCTO, "octo", "beef", NOW_US + 1)
    ]
    assert not github.requests


def test_after_the_last_opt_in_has_ended_nothing_is_asked(github: DemoGitHub) -> None:
    state = after(look(github, confirmed()))
    github.requests.clear()
    ended = look(github, revoked(), state)
    assert ended == [CrawlWithdrawn(OCTO, "c0ffee", NOW_US), CrawlStopped(OCTO, NOW_US)]
    assert look(github, due(state), after(ended, state), at_us=NOW_US + DAY_US) == []
    assert not github.requests


def test_a_login_that_changed_hands_is_not_looked_at(github: DemoGitHub) -> None:
    github.users["octo"] = replace(USERS["octo"], id=99)
    deferred = deferral(look(github, confirmed()))
    assert deferred.reason == "login now belongs to someone else"
    assert deferred.retry_at_us == NOW_US + DAY_US
    assert set(github.requests) == {"GET /users/octo"}


def test_robots_txt_is_obeyed(github: DemoGitHub) -> None:
    private = github.site("octo").replace("/sites/", "/private/")
    github.users["octo"] = replace(USERS["octo"], blog=private)
    _, profile, deferred = look(github, confirmed())
    assert isinstance(profile, ProfileObserved)
    assert isinstance(deferred, CrawlDeferred)
    assert (deferred.target, deferred.reason) == (private, "robots.txt does not allow it")
    assert github.requests["GET /private/octo/"] == 0


def test_robots_txt_is_obeyed_also_where_a_site_redirects_to(github: DemoGitHub) -> None:
    private = github.site("octo").replace("/sites/", "/private/")

    def elsewhere(asked: Asked) -> Answer:
        return Answer(404) if asked.path == "/robots.txt" else Answer(302, {"Location": private})

    with Loopback(elsewhere) as site:
        github.users["octo"] = replace(USERS["octo"], blog=f"{site.url}/")
        assert deferral(look(github, confirmed())).reason == "robots.txt does not allow it"


def test_a_site_is_not_asked_while_its_robots_txt_is_in_trouble(github: DemoGitHub) -> None:
    with Loopback(lambda _: Answer(503, {"Retry-After": "7200"})) as site:
        github.users["octo"] = replace(USERS["octo"], blog=f"{site.url}/")
        deferred = deferral(look(github, confirmed()))
        assert [asked.path for asked in site.asked] == ["/robots.txt"]
    assert (deferred.reason, deferred.retry_at_us) == ("robots.txt answered 503", NOW_US + 2 * HOUR_US)


def test_a_site_that_redirects_is_read_where_it_ends(github: DemoGitHub) -> None:
    def elsewhere(asked: Asked) -> Answer:
        return Answer(404) if asked.path == "/robots.txt" else Answer(301, {"Location": github.site("ada")})

    with Loopback(elsewhere) as site:
        github.users["octo"] = replace(USERS["octo"], blog=f"{site.url}/")
        page = look(github, confirmed())[-1]
    assert isinstance(page, SiteObserved)
    assert (page.url, page.title) == (f"{site.url}/", "Ada")


@pytest.mark.parametrize(
    ("blog", "reason"),
    [
        ("ftp://octo.example", "its address is not an http or https address"),
        ("http://user:secret@octo.example/", "its address carries credentials"),
        ("not a site", "its address is not a web address"),
        ("http://[half", "its address is not a web address"),
        ("http://no-such-host.invalid/", "its host has no address"),
        ("http://127.0.0.1:1/", "it takes no connection"),
    ],
)
def test_a_site_that_cannot_be_reached_is_tried_again_in_an_hour(
    github: DemoGitHub, blog: str, reason: str
) -> None:
    github.users["octo"] = replace(USERS["octo"], blog=blog)
    _, profile, deferred = look(github, confirmed())
    assert isinstance(profile, ProfileObserved)
    assert isinstance(deferred, CrawlDeferred)
    assert (deferred.reason, deferred.retry_at_us) == (reason, NOW_US + HOUR_US)


def test_a_github_at_a_private_address_is_not_asked_unless_a_setting_allows_it(github: DemoGitHub) -> None:
    deferred = deferral(look(github, confirmed(), allow_private=False))
    assert deferred.reason == "its host has an address that is not public"
    assert not github.requests


def test_an_unreachable_github_is_tried_again_in_an_hour_then_in_two() -> None:
    state = after(look("http://127.0.0.1:1", confirmed()))
    assert state.next_at_us == NOW_US + HOUR_US
    again = look("http://127.0.0.1:1", due(state), state, at_us=NOW_US + HOUR_US)
    assert after(again, state).next_at_us == NOW_US + 3 * HOUR_US


def test_the_wait_that_github_asks_for_is_kept() -> None:
    reset_s = NOW_US // SECOND_US + 1_800
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset_s)}
    with Loopback(lambda _: Answer(403, headers)) as limited:
        deferred = deferral(look(limited.url, confirmed()))
    assert (deferred.reason, deferred.retry_at_us) == ("GitHub's rate limit is used up", reset_s * SECOND_US)


def test_a_due_always_moves_the_next_look() -> None:
    state = after([CrawlRequested(OCTO, "octo", "c0ffee", NOW_US)])
    for status_code in (200, 304, 401, 403, 404, 429, 500):
        with Loopback(lambda _, status_code=status_code: Answer(status_code, {}, [b"{}"])) as odd:  # type: ignore[misc]
            moved = after(look(odd.url, due(state), state), state)
        assert moved.next_at_us is not None
        assert moved.next_at_us > NOW_US


def test_a_reason_names_nobody(github: DemoGitHub) -> None:
    for blog in ("http://octo.invalid/octo", "http://octo:octo@localhost/", "http://127.0.0.1:1/octo"):
        github.users["octo"] = replace(USERS["octo"], blog=blog)
        assert "octo" not in deferral(look(github, confirmed())).reason


def test_the_state_after_a_look_is_kept_as_it_is(github: DemoGitHub) -> None:
    import msgspec

    state = after(look(github, confirmed()))
    assert msgspec.json.decode(msgspec.json.encode(state), type=Profile) == state

"""Signing in through a GitHub-shaped server: a real one on loopback, and the real client."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.github_accounts import GitHubAccounts, web_url
from shared.adapters.memory import MemorySecrets
from shared.adapters.web import Limits, PoliteWeb
from shared.domain.instants import MINUTE_US
from shared.ports.accounts import NoAccount
from shared.ports.web import Page
from tests.gateway.github_server import CLIENT, SECRET, GitHub
from tests.gateway.house import House
from tests.loopback import Loopback

NO_GAP = Limits(gap_s=0, total_s=3)


@pytest.fixture
def github() -> GitHub:
    return GitHub()


@pytest.fixture
def server(house: House, github: GitHub) -> Iterator[Loopback]:
    with github.serve() as serving:
        house.accounts = accounts(serving.url)
        yield serving


def accounts(url: str, secret: str = SECRET, *, allow_private: bool = True) -> GitHubAccounts:
    web = PoliteWeb(SystemClock(), allow_private, "House/0.1", NO_GAP)
    return GitHubAccounts(web, url, CLIENT, MemorySecrets({"oauth": secret.encode()}))


class Browser:
    """A browser: it keeps the House's cookies, and goes where it is led."""

    def __init__(self, house: House) -> None:
        self.house, self.cookies = house, dict[str, str]()

    def get(self, path: str) -> httpx.Response:
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.house.request("GET", path, headers={"cookie": header})
        for given in answer.headers.get_list("set-cookie"):
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def set_out(self, following: str = "/log") -> str:
        """To GitHub; the path it leads back to."""
        left = self.get(f"/sign-in/github?next={following}")
        assert left.status_code == 303, left.text
        there = httpx.get(left.headers["location"], trust_env=False)
        assert there.status_code == 302, there.text
        return there.headers["location"].removeprefix(self.house.house.origin)


def test_the_accounts_number_says_who_it_is(house: House, server: Loopback, github: GitHub) -> None:
    browser = Browser(house)
    back = browser.get(browser.set_out("/api/me"))
    assert (back.status_code, back.headers["location"]) == (303, "/api/me")
    me = browser.get("/api/me").json()
    assert (me["developer"], me["name"]) == (house.pseudonym(7), "github:7/octocat")
    # Another account that took over the login is somebody else; a renamed one is the same.
    for number, login in ((8, "octocat"), (7, "renamed")):
        github.number, github.login = number, login
        other = Browser(house)
        other.get(other.set_out())
        assert other.get("/api/me").json()["developer"] == house.pseudonym(number)


def test_what_is_asked_of_github_is_no_more_than_needed(house: House, server: Loopback) -> None:
    left = Browser(house).get("/sign-in/github?next=/me")
    url = urlsplit(left.headers["location"])
    asked = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{server.url}/login/oauth/authorize"
    assert asked["redirect_uri"] == ["https://house.example/sign-in/github/callback"]
    assert (asked["code_challenge_method"], asked["client_id"]) == (["S256"], [CLIENT])
    assert "scope" not in asked
    cookie = left.headers["set-cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/sign-in/github"))
    assert SECRET not in left.headers["location"] + cookie


def test_coming_back_twice_signs_in_once(house: House, server: Loopback) -> None:
    browser = Browser(house)
    path = browser.set_out()
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 403


def test_a_browser_is_not_led_in_with_somebody_elses_code(house: House, server: Loopback) -> None:
    mallory, victim, stranger = Browser(house), Browser(house), Browser(house)
    mallorys = mallory.set_out()
    victim.set_out()
    for led in (victim, stranger):
        answer = led.get(mallorys)
        assert answer.status_code == 400
        assert "did not set out from here" in answer.text
        assert "house_token" not in answer.headers.get("set-cookie", "")
    assert not any(asked.path.endswith("access_token") for asked in server.asked)


def test_ten_minutes_are_enough(house: House, server: Loopback) -> None:
    browser = Browser(house)
    path = browser.set_out()
    house.clock.move(10 * MINUTE_US)
    assert browser.get(path).status_code == 400


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ("code=wrong", 403),
        ("code=", 403),
        ("error=access_denied&error_description=<script>", 403),
        ("code=" + "x" * 513, 400),
    ],
)
def test_what_github_refuses_is_told(house: House, server: Loopback, changed: str, status: int) -> None:
    browser = Browser(house)
    path = browser.set_out()
    state = parse_qs(urlsplit(path).query)["state"][0]
    answer = browser.get(f"/sign-in/github/callback?state={state}&{changed}")
    assert answer.status_code == status
    assert "<script" not in answer.text


@pytest.mark.parametrize("following", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere_afterwards(house: House, server: Loopback, following: str) -> None:
    assert Browser(house).get(f"/sign-in/github?next={following}").status_code == 400


@pytest.mark.parametrize(
    ("number", "login"), [("7", "o"), (True, "o"), (0, "o"), (-7, "o"), (2**63, "o"), (7, "<b>"), (7, None)]
)
def test_an_account_that_is_none_signs_nobody_in(
    house: House, server: Loopback, github: GitHub, number: object, login: object
) -> None:
    github.number, github.login = number, login
    browser = Browser(house)
    assert browser.get(browser.set_out()).status_code == 403


def test_the_server_cannot_lead_the_house_elsewhere(house: House, server: Loopback, github: GitHub) -> None:
    with GitHub(8, "mallory").serve() as other:
        github.lead_to = f"{other.url}/user"
        browser = Browser(house)
        assert browser.get(browser.set_out()).status_code == 403
        assert [asked.headers.get("authorization") for asked in other.asked] == [None]


def test_a_server_that_is_away_is_told_and_one_on_a_private_address_needs_leave(house: House) -> None:
    with GitHub().serve() as serving:
        house.accounts = accounts(serving.url)
        browser = Browser(house)
        path = browser.set_out()
        house.accounts = accounts(serving.url, allow_private=False)
        refused = browser.get(path)
    assert refused.status_code == 503
    assert "not public" in refused.text
    house.accounts = accounts(serving.url)
    assert browser.get(path).status_code == 503


def test_a_wrong_client_secret_signs_nobody_in_and_is_not_shown(house: House, server: Loopback) -> None:
    house.accounts = accounts(server.url, "another secret")
    browser = Browser(house)
    answer = browser.get(browser.set_out())
    assert answer.status_code == 403
    assert "another secret" not in answer.text


def test_without_a_client_there_is_no_such_way(house: House) -> None:
    assert house.request("GET", "/sign-in/github").status_code == 404
    assert "GitHub" not in house.request("GET", "/sign-in").text


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://ghe.example/api/v3", "https://ghe.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_pages_of_an_api_are_found(api: str, web: str) -> None:
    assert web_url(api) == web


class Elsewhere:
    """A web in which the question whose code it is is led on."""

    def __init__(self, to: str) -> None:
        self._to = to

    async def get(self, url: str, headers: object = None) -> Page:
        return Page(self._to, 200, {}, b'{"id": 1, "login": "admin"}')

    async def post_json(self, url: str, body: bytes, headers: object = None) -> Page:
        return Page(url, 200, {}, b'{"access_token": "t"}')


@pytest.mark.parametrize(
    "to",
    ["http://api.example/user", "https://api.example.evil.example/user", "https://api.example:8443/user"],
)
def test_who_answers_in_githubs_place_says_nothing(to: str) -> None:
    secrets = MemorySecrets({"oauth": SECRET.encode()})
    asked = GitHubAccounts(Elsewhere(to), "https://api.example", CLIENT, secrets)
    with pytest.raises(NoAccount, match="led elsewhere"):
        asyncio.run(asked.account("code", "verifier", "https://house.example/callback"))

"""Tokens, sign-in links and browser sessions."""

from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.gateway.sealed import Pass, seal, unseal
from tests.gateway.house import House, Voice, later
from tests.given import NOW_US

SECRET = b"secret"


def issue(house: House, role: str, name: str, **headers: str) -> httpx.Response:
    return house.operator().post("/api/tokens", {"role": role, "name": name}, **headers)


def session(answer: httpx.Response) -> dict[str, str]:
    """The cookie that an answer sets, as the next request carries it."""
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_token_is_random_and_only_its_digest_is_kept(house: House) -> None:
    first, second = (issue(house, "client", "Tide").json() for _ in range(2))
    assert first["token"].startswith("hse_")
    assert len(first["token"]) >= 43
    assert first["token"] != second["token"]
    assert first["subject"] == second["subject"]
    assert not any(first["token"].encode() in event.data for event in house.store.log)
    assert Voice(house, first["token"]).get("/api/briefs/" + "0" * 32).status_code == 404


def test_subjects_follow_from_role_and_name(house: House) -> None:
    assert issue(house, "operator", "Ops").json()["subject"] == "*"
    assert issue(house, "developer", "github:7/octo").json()["subject"] == house.pseudonym(7)
    assert issue(house, "developer", "github:7").json()["subject"] == house.pseudonym(7)
    client = issue(house, "client", "Tide").json()["subject"]
    assert client.startswith("client_")
    assert len(client) == 27
    assert issue(house, "client", "Ebb").json()["subject"] != client


def test_a_repeated_request_for_a_token_gets_the_same_one(house: House) -> None:
    first = issue(house, "client", "Tide", idempotency_key="k1")
    again = issue(house, "client", "Tide", idempotency_key="k1")
    assert first.json() == again.json()
    assert first.headers["x-correlation-id"] == again.headers["x-correlation-id"]
    assert issue(house, "client", "Tide", idempotency_key="k2").json() != first.json()
    assert issue(house, "client", "Ebb", idempotency_key="k1").status_code == 422


def test_a_link_signs_a_browser_in_for_an_hour(house: House) -> None:
    made = house.developer(1).post("/api/sign-in-links", {"next": "/log"})
    assert made.status_code == 201
    link = urlsplit(made.json()["url"])
    assert made.json()["url"].startswith("https://house.example/sign-in?code=")
    entered = house.request("GET", f"{link.path}?{link.query}")
    assert (entered.status_code, entered.headers["location"]) == (303, "/log")
    flags = entered.headers["set-cookie"]
    assert all(flag in flags for flag in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/"))
    assert (house.developer(1).token or "") not in flags
    assert house.request("GET", "/log", headers=session(entered)).status_code == 200
    assert house.request("GET", "/api/entries", headers=session(entered)).status_code == 200
    later(house, 1.01)
    assert house.request("GET", "/log", headers=session(entered)).status_code == 303
    assert house.request("GET", f"{link.path}?{link.query}").status_code == 400


def test_a_session_ends_with_its_token(house: House) -> None:
    from shared.domain.tokens import token_digest

    developer = house.developer(1)
    entered = house.request("POST", "/sign-in", data={"token": developer.token, "next": "/log"})
    assert entered.headers["location"] == "/log"
    cookie = session(entered)
    assert house.request("GET", "/log", headers=cookie).status_code == 200
    house.operator().delete(f"/api/tokens/{token_digest(developer.token or '')}")
    assert house.request("GET", "/log", headers=cookie).status_code == 303


def test_a_session_changes_nothing(house: House) -> None:
    entered = house.request("POST", "/sign-in", data={"token": house.developer(1).token})
    body = {"purpose": "participation", "given": True}
    answer = house.request("POST", "/api/consents", headers=session(entered), json=body)
    assert answer.status_code == 401


def test_signing_out_takes_the_session_away(house: House) -> None:
    left = house.request("POST", "/sign-out")
    assert left.status_code == 303
    assert "house_token=;" in left.headers["set-cookie"]
    assert "Max-Age=0" in left.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/ssh", "/sign-out"])
@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}], ids=str
)
def test_another_site_signs_nobody_in_or_out(house: House, path: str, headers: dict[str, str]) -> None:
    form = {"token": house.developer(1).token}
    answer = house.request("POST", path, data=form, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "following", ["https://evil.example", "//evil.example", "/\\evil.example", "log", "/a b", ""]
)
def test_nobody_is_led_elsewhere(house: House, following: str) -> None:
    assert house.operator().post("/api/sign-in-links", {"next": following}).status_code == 400
    entered = house.request("POST", "/sign-in", data={"token": house.operator().token, "next": following})
    assert entered.status_code == 400 or entered.headers["location"] == "/"


def test_a_wrong_token_is_told_so_on_the_form(house: House) -> None:
    answer = house.request("POST", "/sign-in", data={"token": "hse_wrong"})
    assert answer.status_code == 401
    assert "opens nothing" in answer.text
    assert "hse_wrong" not in answer.text


@given(st.binary(min_size=1, max_size=40), st.integers(0, 2**60), st.text(max_size=30))
def test_what_is_sealed_is_read_by_its_own_secret_and_purpose_until_it_is_over(
    secret: bytes, until_us: int, following: str
) -> None:
    entry = Pass("d" * 64, until_us, following)
    sealed = seal(secret, "link", entry)
    assert unseal(secret, "link", sealed, until_us - 1) == entry
    assert unseal(secret, "link", sealed, until_us) is None
    assert unseal(secret, "session", sealed, until_us - 1) is None
    assert unseal(secret + b"x", "link", sealed, until_us - 1) is None


@given(st.text(max_size=200))
def test_what_nobody_sealed_is_refused(text: str) -> None:
    assert unseal(SECRET, "session", text, NOW_US) is None


@given(st.integers(0, 200), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_seal_is_refused(place: int, character: str) -> None:
    sealed = seal(SECRET, "session", Pass("d" * 64, NOW_US + 1))
    place %= len(sealed) - 1
    changed = sealed[:place] + character + sealed[place + 1 :]
    assert unseal(SECRET, "session", changed, NOW_US) is None or changed == sealed

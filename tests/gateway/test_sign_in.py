"""Signing in with a one-time token and with an SSH key, in a browser and from the command line."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from functions.gateway import sealed
from functions.gateway.sealed import Pass
from shared.domain.evidence import KeyRegistered, KeyRevoked, key_stream
from shared.domain.instants import HOUR_US, MINUTE_US
from shared.runtime.edge import Receipt, Submission
from tests.evidence.signing import Signer
from tests.gateway.house import House, Voice, later

NAMESPACE = "house-sign-in@house.example"


def one_time(house: House, name: str = "github:1/alice") -> dict[str, str]:
    answer = house.operator().post("/api/one-time-tokens", {"name": name})
    assert answer.status_code == 201
    return dict(answer.json())


def open_once(house: House, token: str) -> httpx.Response:
    return house.nobody().post("/api/sign-in/one-time", {"token": token})


def session(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


# -- one-time tokens


def test_a_one_time_token_opens_a_session_once(house: House) -> None:
    token = one_time(house)["token"]
    first = open_once(house, token)
    assert (first.status_code, first.json()["subject"]) == (201, house.pseudonym(1))
    assert Voice(house, first.json()["token"]).get("/api/tickets/mine").status_code == 200
    second = open_once(house, token)
    assert (second.status_code, second.json()["title"]) == (403, "Not signed in")


def test_a_one_time_token_is_no_token(house: House) -> None:
    assert Voice(house, one_time(house)["token"]).get("/api/tickets/mine").status_code == 401


class Rush(House):
    """A House in which submissions wait for each other, so that all of them were made of the same view."""

    def __init__(self) -> None:
        super().__init__()
        self._everybody: asyncio.Barrier | None = None

    async def submit(self, submission: Submission) -> Receipt:
        if self._everybody:
            await self._everybody.wait()
        return await super().submit(submission)

    def race(self, path: str, body: dict[str, str], rivals: int = 3) -> list[int]:
        """The answers' statuses, in order of size, of as many equal requests at once."""

        async def ask() -> list[httpx.Response]:
            self._everybody = asyncio.Barrier(rivals)
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.house.origin) as client:
                return await asyncio.gather(*(client.post(path, json=body) for _ in range(rivals)))

        return sorted(answer.status_code for answer in asyncio.run(ask()))


def test_of_several_who_open_a_token_at_the_same_moment_one_comes_in() -> None:
    house = Rush()
    token = one_time(house)["token"]
    assert house.race("/api/sign-in/one-time", {"token": token}) == [201, 409, 409]
    assert sum(event.type == "house.gateway.token-spent.v1" for event in house.store.log) == 1


def test_of_several_who_show_one_signature_at_the_same_moment_one_comes_in(tmp_path: Path) -> None:
    house, laptop = Rush(), Signer(tmp_path / "laptop")
    register(house, 1, laptop)
    challenge = ask(house)
    body = {"challenge": challenge, "signature": sign(laptop, challenge).decode()}
    assert house.race("/api/sign-in/ssh", body) == [201, 409, 409]


def test_a_one_time_token_ends_after_a_day(house: House) -> None:
    token = one_time(house)["token"]
    later(house, 24.01)
    assert open_once(house, token).status_code == 403


def test_a_session_ends_after_twelve_hours(house: House) -> None:
    token = open_once(house, one_time(house)["token"]).json()["token"]
    later(house, 11.9)
    assert Voice(house, token).get("/api/tickets/mine").status_code == 200
    later(house, 0.2)
    assert Voice(house, token).get("/api/tickets/mine").status_code == 401


def test_only_digests_of_tokens_are_kept(house: House) -> None:
    given = one_time(house)["token"]
    opened = open_once(house, given).json()["token"]
    kept = b"".join(event.data for event in house.store.log)
    assert given.encode() not in kept
    assert opened.encode() not in kept


def test_a_developer_makes_a_one_time_token_for_themselves_only(house: House) -> None:
    mine = house.developer(1).post("/api/one-time-tokens", {})
    assert mine.json()["subject"] == house.pseudonym(1)
    other = house.developer(1).post("/api/one-time-tokens", {"name": "github:2/bob"})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (403, "name")


def test_looking_at_a_one_time_link_does_not_use_it_up(house: House) -> None:
    made = one_time(house)
    path = made["url"].removeprefix(house.house.origin)
    for _ in range(2):
        assert "signs you in once" in house.request("GET", path).text
    entered = house.request("POST", "/sign-in", data={"token": made["token"], "next": "/log"})
    assert entered.headers["location"] == "/log"
    assert house.request("GET", "/log", headers=session(entered)).status_code == 200
    again = house.request("POST", "/sign-in", data={"token": made["token"]})
    assert again.status_code == 401


def test_signing_out_ends_the_session_itself(house: House) -> None:
    cookie = session(house.request("POST", "/sign-in", data={"token": one_time(house)["token"]}))
    page = house.request("GET", "/", headers=cookie).text
    word = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert word
    assert house.request("POST", "/sign-out", headers=cookie).status_code == 403
    left = house.request("POST", "/sign-out", headers=cookie, data={"csrf": word[1]})
    assert "Max-Age=0" in left.headers["set-cookie"]
    # Whoever kept the cookie has nothing.
    assert house.request("GET", "/log", headers=cookie).status_code == 303


# -- SSH keys


@pytest.fixture
def laptop(house: House, tmp_path: Path) -> Signer:
    """Alice's key."""
    signer = Signer(tmp_path / "laptop")
    register(house, 1, signer)
    return signer


def register(house: House, number: int, signer: Signer) -> None:
    me, fingerprint = house.pseudonym(number), signer.key.fingerprint
    registered = KeyRegistered(me, f"login{number}", fingerprint, signer.key.line, house.clock.now_us())
    house.record("gateway", key_stream(me, fingerprint), registered)


def ask(house: House) -> str:
    answer = house.nobody().post("/api/sign-in/challenges").json()
    assert answer["namespace"] == NAMESPACE
    return str(answer["challenge"])


def answered(house: House, challenge: str, signature: bytes) -> httpx.Response:
    body = {"challenge": challenge, "signature": signature.decode()}
    return house.nobody().post("/api/sign-in/ssh", body)


def sign(signer: Signer, challenge: str, namespace: str = NAMESPACE) -> bytes:
    return signer.sign(f"{challenge}\n".encode(), namespace)


def test_a_signed_challenge_opens_a_session_once(house: House, laptop: Signer) -> None:
    challenge = ask(house)
    signature = sign(laptop, challenge)
    entered = answered(house, challenge, signature)
    assert (entered.status_code, entered.json()["subject"]) == (201, house.pseudonym(1))
    assert Voice(house, entered.json()["token"]).get("/api/keys").status_code == 200
    again = answered(house, challenge, signature)
    assert (again.status_code, again.json()["title"]) == (409, "Used before")
    assert answered(house, challenge, sign(laptop, challenge)).status_code == 409


def test_a_challenge_lasts_five_minutes(house: House, laptop: Signer) -> None:
    challenge = ask(house)
    house.clock.move(5 * MINUTE_US)
    late = answered(house, challenge, sign(laptop, challenge))
    assert (late.status_code, late.json()["errors"][0]["field"]) == (400, "challenge")


def test_what_shows_nobody_is_refused_with_the_reason(house: House, laptop: Signer, tmp_path: Path) -> None:
    stranger, challenge = Signer(tmp_path / "stranger"), ask(house)
    secret = house.secrets.get("sign-in")
    link = sealed.seal(secret, "link", Pass("d" * 64, house.clock.now_us() + HOUR_US))
    for given, signature, status, reason in (
        (challenge, sign(stranger, challenge), 403, "no developer registered"),
        (challenge, sign(laptop, challenge, "git"), 403, "not for the namespace"),
        (challenge, sign(laptop, challenge, "house-sign-in@other.example"), 403, "not for the namespace"),
        (challenge, sign(laptop, ask(house)), 403, "does not hold"),
        (challenge, laptop.sign(challenge.encode(), NAMESPACE), 403, "does not hold"),
        (challenge, b"no signature", 400, "armour"),
        ("of my own", sign(laptop, "of my own"), 400, "none of this House"),
        # A link of this House is sealed, too, but is no challenge.
        (link, sign(laptop, link), 400, "none of this House"),
    ):
        answer = answered(house, given, signature)
        assert (answer.status_code, reason in answer.json()["detail"]) == (status, True), answer.text


def test_a_revoked_key_signs_nobody_in(house: House, laptop: Signer) -> None:
    me, fingerprint = house.pseudonym(1), laptop.key.fingerprint
    house.record("gateway", key_stream(me, fingerprint), KeyRevoked(me, fingerprint, house.clock.now_us()))
    challenge = ask(house)
    assert answered(house, challenge, sign(laptop, challenge)).status_code == 403


def test_the_page_shows_a_challenge_and_takes_its_signature(house: House, laptop: Signer) -> None:
    page = house.request("GET", "/sign-in?next=/log").text
    shown = re.search(r'name="challenge" value="([^"]+)"', page)
    assert shown
    assert f"-n {NAMESPACE}" in page
    signature = sign(laptop, shown[1]).decode().replace("\n", "\r\n")
    form = {"challenge": shown[1], "signature": signature, "next": "/log"}
    entered = house.request("POST", "/sign-in/ssh", data=form)
    assert entered.headers["location"] == "/log"
    flags = entered.headers["set-cookie"]
    assert all(flag in flags for flag in ("HttpOnly", "SameSite=Lax", "Secure", "Max-Age=43200"))
    assert house.request("GET", "/log", headers=session(entered)).status_code == 200
    wrong = house.request("POST", "/sign-in/ssh", data=form | {"signature": "?"})
    assert wrong.status_code == 400
    assert "Not signed in" in wrong.text


def test_evidence_is_kept_with_the_session(house: House, laptop: Signer) -> None:
    challenge = ask(house)
    answered(house, challenge, sign(laptop, challenge))
    issued = [event for event in house.store.log if event.type == "house.gateway.token-issued.v1"]
    assert laptop.key.fingerprint in issued[-1].data.decode()

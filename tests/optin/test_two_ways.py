"""One commit in two ways: pushed, and sent signed by itself. Through the whole engine, by HTTP, with real signatures."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.domain.commits import names
from shared.domain.evidence import KeyRegistered, key_stream
from tests.evidence.signing import Signer
from tests.optin.engine import NUMBERS, Engine, accept, push


class Two(Engine):
    """A House, and two developers with a key each that they proved to have."""

    def __init__(self, folder: Path, least: str = "platform") -> None:
        super().__init__()
        self.house = msgspec.structs.replace(self.house, least_grades={"sprint-match/1": least})
        for shell in self.shells.values():
            object.__setattr__(shell.ports, "house", self.house)
        self.signers = {login: Signer(folder / login) for login in ("alice", "bob")}
        for login, signer in self.signers.items():
            developer, key = self.pseudonym(NUMBERS[login]), signer.key
            registered = KeyRegistered(developer, login, key.fingerprint, key.line, self.clock.now_us())
            self.record("gateway", key_stream(developer, key.fingerprint), registered)

    def pushed(self, login: str, raw: bytes) -> None:
        """GitHub tells of it."""
        body = push(login, raw.decode().partition("\n\n")[2])
        body["after"] = body["commits"][-1]["id"] = names(raw).sha1
        assert self.send("push", json.dumps(body).encode()).status in (200, 202)

    def sent(self, login: str, raw: bytes) -> None:
        """Its signer sends it."""
        self.clock.move(1_000_000)
        headers = {
            "authorization": f"Bearer {self.developer(NUMBERS[login]).token}",
            "content-type": "application/octet-stream",
        }
        assert self.request("POST", "/api/commits", content=raw, headers=headers).status_code in (200, 202)
        self.clock.move(2)
        self.settle()

    def evidence(self, login: str) -> list[Any]:
        """The grades that the opt-in of one of them rests on."""
        path = f"/api/consents?subject={self.pseudonym(NUMBERS[login])}&purpose=sprint-match/1"
        [consent] = self.of(path)["consents"]
        return [proof["grade"] for proof in consent["evidence"]]


def commits(house: Two) -> tuple[bytes, bytes]:
    asks = house.signers["alice"].commit(house.invite())
    return asks, house.signers["bob"].commit(accept(names(asks).sha1))


@pytest.mark.parametrize("least", ["platform", "signed"])
@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_pushed_and_sent_in_any_order_it_is_confirmed_at_grade_signed(
    tmp_path: Path, least: str, order: tuple[int, ...]
) -> None:
    house = Two(tmp_path, least)
    asks, says = commits(house)
    invitation = names(asks).sha1
    steps = [(house.pushed, "alice", asks), (house.pushed, "bob", says)]
    steps += [(house.sent, "alice", asks), (house.sent, "bob", says)]
    for place in order:
        step, login, raw = steps[place]
        step(login, raw)
    assert house.status(invitation) == ("confirmed", None)
    assert house.evidence("bob")[:2] == ["signed", "signed"]
    assert house.of("/api/dead-letters")["letters"] == []


def test_under_a_policy_of_signed_pushes_alone_confirm_nothing(tmp_path: Path) -> None:
    house = Two(tmp_path, "signed")
    asks, says = commits(house)
    house.pushed("alice", asks)
    house.pushed("bob", says)
    assert house.status(names(asks).sha1)[0] == "unknown"
    house.sent("alice", asks)
    assert house.status(names(asks).sha1) == ("invited", None)
    assert "asks for signed" in str(house.refusal(names(says).sha1))


@pytest.mark.parametrize("sent_first", [True, False])
@pytest.mark.parametrize("login", ["alice", "bob"])
@pytest.mark.parametrize("way", ["one", "several"])
def test_who_withholds_a_commit_withholds_it_in_whichever_way_it_came(
    tmp_path: Path, sent_first: bool, login: str, way: str
) -> None:
    house = Two(tmp_path)
    asks, says = commits(house)
    ways = [house.sent, house.pushed] if sent_first else [house.pushed, house.sent]
    for step in ways:
        step("alice", asks)
        step("bob", says)
    commit = names(asks if login == "alice" else says).sha1
    voice = house.developer(NUMBERS[login])
    if way == "one":
        answer = voice.post(f"/api/entries/{commit}/withhold")
    else:
        answer = voice.post("/api/me/withholdings", {"entries": [commit]})
    assert answer.status_code == 202
    house.settle()
    assert house.status(names(asks).sha1) == ("revoked", None)
    listed = voice.get("/api/me/entries").json()["items"]
    assert {row["standing"] for row in listed if row["evidence"]["commit"] == commit} == {"withheld"}
    house.clock.move(1)
    assert voice.post(f"/api/entries/{commit}/release").status_code == 202
    house.settle()
    listed = voice.get("/api/me/entries").json()["items"]
    assert {row["standing"] for row in listed if row["evidence"]["commit"] == commit} == {"recorded"}

"""Keys are registered with a proof, count for one developer, and are revoked for ever."""

from pathlib import Path

import pytest

from functions.gateway.signers import Signer as Whose
from functions.gateway.signers import signer as signer_of
from shared.domain.evidence import KeyRegistered, KeyRevoked, key_stream, statement
from shared.domain.profiles import KeysNotRead, KeysObserved
from shared.domain.requests import TokenIssued
from shared.domain.tokens import token_digest
from tests.evidence.signing import Signer
from tests.gateway.house import House, Voice
from tests.given import NOW_US


@pytest.fixture
def alice(house: House) -> Voice:
    return named(house, 1, "alice")


@pytest.fixture
def laptop(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "laptop")


def named(house: House, number: int, login: str | None) -> Voice:
    """A developer whose token names their login."""
    token, subject = f"hse_{number}-{login}", house.pseudonym(number)
    name = f"github:{number}/{login}" if login else f"github:{number}"
    issued = TokenIssued(token_digest(token), "developer", subject, name, NOW_US)
    house.record("gateway", f"token/{token_digest(token)}", issued)
    return Voice(house, token)


def body(house: House, number: int, signer: Signer) -> dict[str, str]:
    said = statement(house.house.origin, house.pseudonym(number), signer.key.fingerprint)
    return {"key": signer.line, "proof": signer.sign(said, "house-key").decode()}


def test_a_key_is_registered_listed_and_revoked(house: House, alice: Voice, laptop: Signer) -> None:
    answer = alice.post("/api/keys", body(house, 1, laptop))
    assert answer.status_code == 201
    assert answer.json()["fingerprint"] == laptop.key.fingerprint
    assert alice.post("/api/keys", body(house, 1, laptop)).status_code == 200
    listed = alice.get("/api/keys").json()
    assert listed["developer"] == house.pseudonym(1)
    assert [(key["key"], key["revoked"]) for key in listed["keys"]] == [(laptop.key.line, None)]
    path = f"/api/keys/{laptop.key.fingerprint}/revoke"
    assert alice.post(path).status_code == 204
    assert alice.post(path).status_code == 204
    assert alice.get("/api/keys").json()["keys"][0]["revoked"] == "2026-03-02T09:00:00Z"
    again = alice.post("/api/keys", body(house, 1, laptop))
    assert (again.status_code, again.json()["title"]) == (409, "Key revoked")


def test_a_key_with_a_slash_in_its_fingerprint_can_be_revoked(
    house: House, alice: Voice, tmp_path: Path
) -> None:
    signers = (Signer(tmp_path / str(n)) for n in range(200))
    slashed = next(signer for signer in signers if "/" in signer.key.fingerprint)
    alice.post("/api/keys", body(house, 1, slashed))
    assert alice.post(f"/api/keys/{slashed.key.fingerprint}/revoke").status_code == 204


def test_a_key_without_its_private_half_is_not_registered(
    house: House, alice: Voice, laptop: Signer, tmp_path: Path
) -> None:
    """Else whoever knows a public key could make its owner's commits their own."""
    thief = Signer(tmp_path / "thief")
    forged = body(house, 1, thief) | {"key": laptop.line}
    for said in (
        forged,
        {"key": laptop.line, "proof": "no signature"},
        # A proof that was made for somebody else, or for another House.
        body(house, 2, laptop),
        {"key": laptop.line, "proof": laptop.sign(b"https://other.example", "house-key").decode()},
        # A signed commit is no proof.
        {
            "key": laptop.line,
            "proof": laptop.sign(
                statement(house.house.origin, house.pseudonym(1), laptop.key.fingerprint), "git"
            ).decode(),
        },
    ):
        answer = alice.post("/api/keys", said)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "proof")
    assert alice.get("/api/keys").json()["keys"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "ssh-dss AAAA"}, "key"),
        ({"key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "key"),
        ({"key": "x" * 9_000}, "key"),
        ({"proof": ""}, "proof"),
        ({"name": "x"}, "name"),
    ],
)
def test_bad_fields_are_named(
    house: House, alice: Voice, laptop: Signer, change: dict[str, str], field: str
) -> None:
    answer = alice.post("/api/keys", body(house, 1, laptop) | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_a_developer_registers_20_keys_at_most(house: House, alice: Voice, laptop: Signer) -> None:
    for n in range(20):
        registered = KeyRegistered(house.pseudonym(1), "alice", laptop.key.fingerprint, laptop.line, NOW_US)
        house.record("gateway", f"key/{house.pseudonym(1)}/{n:064x}", registered)
    other = Signer(laptop.key_file.parent / "other")
    answer = alice.post("/api/keys", body(house, 1, other))
    assert (answer.status_code, answer.json()["title"]) == (409, "Too many keys")


def test_who_has_no_login_is_told_how_to_get_one(house: House, laptop: Signer) -> None:
    answer = named(house, 1, None).post("/api/keys", body(house, 1, laptop))
    assert answer.status_code == 409
    assert "github:<numeric id>/<login>" in answer.json()["detail"]


def test_nobody_revokes_anothers_key(house: House, alice: Voice, laptop: Signer) -> None:
    alice.post("/api/keys", body(house, 1, laptop))
    assert named(house, 2, "bob").post(f"/api/keys/{laptop.key.fingerprint}/revoke").status_code == 404
    assert alice.post("/api/keys/nonsense/revoke").status_code == 404


def test_keys_that_github_shows_are_listed_and_may_be_revoked_here(
    house: House, alice: Voice, laptop: Signer
) -> None:
    assert alice.post("/api/keys/from-github").status_code == 202
    key, developer = laptop.key, house.pseudonym(1)
    seen = KeysObserved(developer, "alice", (key.line,), (key.fingerprint,), 0, NOW_US)
    house.record("crawler", f"keys/{developer}", seen, KeysNotRead(developer, "GitHub answered 500", NOW_US))
    listed = alice.get("/api/keys").json()
    assert [(one["source"], one["revoked"]) for one in listed["keys"]] == [("github", None)]
    assert listed["github_failed"] == "GitHub answered 500"
    assert alice.post(f"/api/keys/{key.fingerprint}/revoke").status_code == 204
    assert alice.get("/api/keys").json()["keys"][0]["revoked"] is not None


def many(house: House, number: int, login: str, count: int, folder: Path) -> list[Signer]:
    """So many keys of one developer, registered at the same moment, as requests that did not see each other are."""
    signers = [Signer(folder / f"{login}{n}") for n in range(count)]
    developer = house.pseudonym(number)
    for signer in signers:
        key = signer.key
        registered = KeyRegistered(developer, login, key.fingerprint, key.line, house.clock.now_us())
        house.record("gateway", key_stream(developer, key.fingerprint), registered)
    return signers


def test_keys_over_the_limit_are_listed_revoked_and_erased_like_others(
    house: House, alice: Voice, tmp_path: Path
) -> None:
    """Else a key that nobody sees would go on to speak for its developer."""
    signers = many(house, 1, "alice", 23, tmp_path)
    house.clock.move(1)
    assert len(alice.get("/api/keys").json()["keys"]) == 23
    assert alice.post(f"/api/keys/{signers[0].key.fingerprint}/revoke").status_code == 204
    assert alice.post("/api/me/erasure", {"confirm": "erase me"}).status_code == 202
    assert [signer_of(house, one.key.fingerprint) for one in signers] == [
        f"the key {one.key.fingerprint} was revoked" for one in signers
    ]


def test_keys_that_were_only_shown_and_revoked_take_no_place_of_registered_ones(
    house: House, alice: Voice, laptop: Signer, tmp_path: Path
) -> None:
    developer = house.pseudonym(1)
    for n in range(20):
        revoked = KeyRevoked(developer, f"SHA256:{'A' * 41}{'ABCDEFGHIJKLMNOPQRST'[n]}E", NOW_US)
        house.record("gateway", key_stream(developer, revoked.fingerprint), revoked)
    assert alice.post("/api/keys", body(house, 1, laptop)).status_code == 201


def test_a_key_read_from_github_while_its_developer_was_forgotten_is_nobodys(
    house: House, alice: Voice, laptop: Signer
) -> None:
    assert alice.post("/api/keys/from-github").status_code == 202
    asked_at_us = house.clock.now_us()
    house.clock.move(1)
    assert alice.post("/api/me/erasure", {"confirm": "erase me"}).status_code == 202
    key, developer = laptop.key, house.pseudonym(1)
    seen = KeysObserved(developer, "alice", (key.line,), (key.fingerprint,), 0, asked_at_us)
    house.record("crawler", f"keys/{developer}", seen)
    assert isinstance(signer_of(house, key.fingerprint), str)
    house.clock.move(1)
    again = KeysObserved(developer, "alice", (key.line,), (key.fingerprint,), 0, house.clock.now_us())
    house.record("crawler", f"keys/{developer}", again)
    assert isinstance(signer_of(house, key.fingerprint), Whose)


def test_however_many_have_github_show_a_key_it_is_who_registered_it(house: House, laptop: Signer) -> None:
    """They may revoke it, too: that hides nobody else's."""
    key, owner = laptop.key, house.pseudonym(1)
    registered = KeyRegistered(owner, "alice", key.fingerprint, key.line, NOW_US)
    house.record("gateway", key_stream(owner, key.fingerprint), registered)
    for number in range(100, 120):
        other = house.pseudonym(number)
        seen = KeysObserved(other, f"mallory{number}", (key.line,), (key.fingerprint,), 0, NOW_US)
        house.record("crawler", f"keys/{other}", seen)
        if number < 119:
            revoked = KeyRevoked(other, key.fingerprint, NOW_US)
            house.record("gateway", key_stream(other, key.fingerprint), revoked)
    assert signer_of(house, key.fingerprint) == Whose(owner, "alice", "registered")

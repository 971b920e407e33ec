"""Signed commits are judged once, on receipt, and then say what their signer said."""

import base64
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from shared.domain.commits import COMMIT_BYTES_MAX, names
from shared.domain.evidence import CommitAttested, KeyRegistered, key_stream
from shared.domain.instants import DAY_US, HOUR_US, rfc3339
from shared.domain.optins import Invitation
from shared.domain.profiles import KeysObserved
from tests.evidence.signing import Signer
from tests.gateway.house import House, Voice
from tests.given import NOW_US


@pytest.fixture
def laptop(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "laptop")


def registers(house: House, number: int, login: str, signer: Signer) -> None:
    developer, key = house.pseudonym(number), signer.key
    registered = KeyRegistered(developer, login, key.fingerprint, key.line, NOW_US)
    house.record("gateway", key_stream(developer, key.fingerprint), registered)


def shown_by_github(house: House, number: int, login: str, signer: Signer, at_us: int = NOW_US) -> None:
    developer, key = house.pseudonym(number), signer.key
    seen = KeysObserved(developer, login, (key.line,), (key.fingerprint,), 0, at_us)
    house.record("crawler", f"keys/{developer}", seen)


def send(voice: Voice, raw: bytes, **headers: str) -> httpx.Response:
    sent = {"authorization": f"Bearer {voice.token}", "content-type": "application/octet-stream", **headers}
    return voice.house.request("POST", "/api/commits", content=raw, headers=sent)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["detail"]


def invitation(house: House, login: str) -> str:
    return (
        f"Work together\n\nHouse-Invite: github:{login}\nHouse-Purpose: sprint-match/1\n"
        f"House-Terms: {house.house.terms}\nHouse-Origin: {house.house.origin}\n"
        f"House-Id: {'0f' * 16}\nHouse-Expires: {rfc3339(house.clock.now_us() + DAY_US)}\n"
    )


def test_two_signed_commits_that_nobody_pushed_are_an_opt_in_of_grade_signed(
    house: House, tmp_path: Path
) -> None:
    alice, bob = Signer(tmp_path / "alice"), Signer(tmp_path / "bob")
    registers(house, 1, "alice", alice)
    registers(house, 2, "bob", bob)
    asked = alice.commit(invitation(house, "bob"))
    answer = send(house.developer(1), asked)
    assert (answer.status_code, answer.json()["signer"]) == (202, house.pseudonym(1))
    commit = answer.json()["commit"]
    accepting = bob.commit(
        f"Yes\n\nHouse-Accept: {commit}\nHouse-Terms: {house.house.terms}\nHouse-Origin: {house.house.origin}\n"
    )
    # Whoever sends it: it is bob who said it.
    assert send(house.operator(), accepting).json()["signer"] == house.pseudonym(2)
    house.clock.move(HOUR_US)
    house.settle()
    state = house.state("optin", f"invitation/{commit}", Invitation)
    assert state is not None
    assert state.confirmed is not None
    assert state.confirmed.grade == "signed"
    assert state.confirmed.fingerprints == (alice.key.fingerprint, bob.key.fingerprint)
    entry = house.developer(1).get(f"/api/entries/{commit}").json()
    assert entry["sentence"] == f"({house.pseudonym(1)}) signed commit {commit[:12]}"


def test_a_policy_of_signed_refuses_a_push_and_takes_the_signed_commit(house: House, laptop: Signer) -> None:
    house.house = msgspec.structs.replace(house.house, least_grades={"sprint-match/1": "signed"})
    for shell in house.shells.values():
        object.__setattr__(shell.ports, "house", house.house)
    registers(house, 1, "alice", laptop)
    raw = laptop.commit(invitation(house, "bob"))
    said = {
        line.partition(": ")[0]: line.partition(": ")[2]
        for line in invitation(house, "bob").splitlines()
        if line.startswith("House-")
    }
    commit = names(raw).sha1
    pushed = house.entry(1, kind="commit", actor_login="alice", anchor=commit, trailers=said)
    state = house.state("optin", f"invitation/{commit}", Invitation)
    assert state is not None
    assert state.invited is None
    assert "sprint-match/1 asks for signed" in str(state.refusal_of(pushed.hash))
    assert send(house.developer(1), raw).status_code == 202
    state = house.state("optin", f"invitation/{commit}", Invitation)
    assert state is not None
    assert state.invited is not None
    assert state.invited.grade == "signed"


def test_json_with_base64_and_the_announced_hash_is_the_same(house: House, laptop: Signer) -> None:
    registers(house, 1, "alice", laptop)
    raw, alice = laptop.commit("hello"), house.developer(1)
    said = {"commit": base64.encodebytes(raw).decode(), "hash": names(raw).sha1}
    wrong = alice.post("/api/commits", said | {"hash": "0" * 40})
    assert refused(wrong) == (422, f"the commit's hash is {names(raw).sha1}, not the one announced")
    answer = alice.post("/api/commits", said)
    assert (answer.status_code, answer.json()["speaks"], answer.json()["refusal"]) == (202, False, None)
    again = send(alice, raw)
    assert (again.status_code, again.json()["commit"]) == (200, names(raw).sha1)
    assert len(house.read(f"commit/{names(raw).sha1}")) == 1


def test_a_commit_whose_trailers_do_not_count_says_why_at_once(house: House, laptop: Signer) -> None:
    registers(house, 1, "alice", laptop)
    answer = send(house.developer(1), laptop.commit("hello\n\nHouse-Accept: nonsense\n")).json()
    assert answer["speaks"] is False
    assert "House-Accept must be a commit hash" in answer["refusal"]


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        (lambda raw: raw.replace(b"Zo", b"Jo", 1), 422, "the signature does not hold"),
        (lambda raw: raw + b"!", 422, "the signature does not hold"),
        (lambda raw: raw.replace(b"tree ", b"tre ", 1), 400, "missing: tree"),
        (lambda raw: raw[:100], 400, "missing: "),
        (lambda raw: b"", 400, "missing: tree, author, committer"),
        (
            lambda raw: raw[: raw.index(b"gpgsig")] + raw[raw.index(b"\n\n") + 1 :],
            422,
            "carries no signature",
        ),
    ],
)
def test_what_was_tampered_with_is_refused_with_the_reason(
    house: House, laptop: Signer, change: Callable[[bytes], bytes], status: int, why: str
) -> None:
    registers(house, 1, "alice", laptop)
    found = refused(send(house.developer(1), change(laptop.commit("hello"))))
    assert found[0] == status
    assert why in found[1]


def test_the_key_decides_by_what_is_registered_at_that_moment(house: House, laptop: Signer) -> None:
    alice, key = house.developer(1), laptop.key
    first, second = laptop.commit("first"), laptop.commit("second")
    assert refused(send(alice, first)) == (422, f"no developer registered the key {key.fingerprint}")
    registers(house, 1, "alice", laptop)
    assert send(alice, first).status_code == 202
    assert alice.post(f"/api/keys/{key.fingerprint}/revoke").status_code == 204
    assert refused(send(alice, second)) == (422, f"the key {key.fingerprint} was revoked")
    # The verdict given before stays.
    assert send(alice, first).json()["signer"] == house.pseudonym(1)
    frozen = house.state("gateway", f"commit/{names(first).sha1}", CommitAttested)
    assert frozen is not None
    assert (frozen.fingerprint, frozen.source) == (key.fingerprint, "registered")


def test_a_key_of_two_developers_speaks_for_neither(house: House, laptop: Signer) -> None:
    registers(house, 1, "alice", laptop)
    registers(house, 2, "bob", laptop)
    why = f"more than one developer registered the key {laptop.key.fingerprint}"
    assert refused(send(house.developer(1), laptop.commit("hello"))) == (422, why)


def test_a_key_that_github_shows_counts_for_30_days_and_after_a_registered_one(
    house: House, laptop: Signer
) -> None:
    first, second, third = (laptop.commit(message) for message in ("first", "second", "third"))
    shown_by_github(house, 2, "bob", laptop)
    assert send(house.operator(), first).json()["signer"] == house.pseudonym(2)
    house.clock.move(31 * DAY_US)
    assert "have it read again" in refused(send(house.operator(), second))[1]
    # Who only shows the key does not take it from who proved to have it.
    shown_by_github(house, 2, "bob", laptop, house.clock.now_us())
    registers(house, 1, "alice", laptop)
    assert send(house.operator(), third).json()["signer"] == house.pseudonym(1)


def test_bodies_over_the_limit_or_of_another_kind_are_refused(house: House) -> None:
    alice = house.developer(1)
    large = send(alice, b"x" * (COMMIT_BYTES_MAX + 1))
    assert (large.status_code, large.json()["detail"]) == (413, "a body may have 1,048,576 bytes here")
    assert send(alice, b"x", **{"content-type": "text/plain"}).status_code == 415
    assert refused(alice.post("/api/commits", {"commit": "!"})) == (400, "this is not base64")
    assert refused(alice.post("/api/commits", {"commit": "eA==", "hash": "x"}))[0] == 400
    assert send(house.customer(), b"x").status_code == 403
    assert send(house.nobody(), b"x").status_code == 401


# -- whose key it is, when only GitHub says so


def trailers(house: House, login: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in invitation(house, login).splitlines())
    return {key: value for key, _, value in lines if key.startswith("House-")}


def inviter(house: House, commit: str) -> str | None:
    state = house.state("optin", f"invitation/{commit}", Invitation)
    return state.invited.inviter if state and state.invited else None


def test_who_has_github_show_somebody_elses_key_takes_none_of_their_commits(
    house: House, laptop: Signer
) -> None:
    """A public key is public, and GitHub asks for no proof: alice's invitation would become mallory's."""
    raw = laptop.commit(invitation(house, "bob"))
    commit = names(raw).sha1
    house.entry(1, kind="commit", actor_login="alice", anchor=commit, trailers=trailers(house, "bob"))
    shown_by_github(house, 66, "mallory", laptop)
    status, why = refused(send(house.developer(66), raw))
    assert (status, "another account pushed it" in why, "register it" in why) == (422, True, True)
    assert inviter(house, commit) == house.pseudonym(1)


def test_who_proves_to_have_the_key_takes_back_what_github_gave_another(house: House, laptop: Signer) -> None:
    raw, mallory, alice = (
        laptop.commit(invitation(house, "bob")),
        house.developer(66),
        house.developer(1),
    )
    commit = names(raw).sha1
    shown_by_github(house, 66, "mallory", laptop)
    assert send(mallory, raw).json()["signer"] == house.pseudonym(66)
    assert send(alice, raw).json()["signer"] == house.pseudonym(66)
    house.clock.move(HOUR_US)
    registers(house, 1, "alice", laptop)
    assert (send(alice, raw).status_code, inviter(house, commit)) == (202, house.pseudonym(1))
    # That verdict is the last one.
    again = send(mallory, raw)
    assert (again.status_code, again.json()["signer"]) == (200, house.pseudonym(1))
    attested = [house.read(f"commit/{commit}{of}") for of in ("", "/github")]
    assert [len(events) for events in attested] == [1, 1]


def test_ones_own_push_is_no_other_account(house: House, laptop: Signer) -> None:
    raw = laptop.commit(invitation(house, "bob"))
    commit = names(raw).sha1
    house.entry(1, kind="commit", actor_login="alice", anchor=commit, trailers=trailers(house, "bob"))
    shown_by_github(house, 1, "alice", laptop)
    assert send(house.developer(1), raw).status_code == 202
    state = house.state("optin", f"invitation/{commit}", Invitation)
    assert state is not None
    assert state.invited is not None
    assert (state.invited.grade, state.invited.unproven) == ("signed", True)


@pytest.mark.parametrize("encoding", ["UTF-7", "IBM037", "UTF-16", "ISO-8859-1"])
def test_trailers_that_git_would_read_in_another_encoding_do_not_count(
    house: House, laptop: Signer, encoding: str
) -> None:
    registers(house, 1, "alice", laptop)
    laptop.commit("first")
    laptop.git("config", "i18n.commitEncoding", encoding)
    raw = laptop.commit(invitation(house, "bob"))
    assert f"\nencoding {encoding}\n".encode() in raw
    answer = send(house.developer(1), raw).json()
    assert (answer["speaks"], "encoding header" in answer["refusal"]) == (False, True)
    assert inviter(house, names(raw).sha1) is None


def test_trailers_that_say_they_are_utf_8_count(house: House, laptop: Signer) -> None:
    registers(house, 1, "alice", laptop)
    raw = laptop.commit(invitation(house, "bob"), signed=False)
    raw = raw.replace(b"\n\n", b"\nencoding utf8\n\n", 1)
    armoured = laptop.sign(raw, "git").replace(b"\n", b"\n ")
    answer = send(house.developer(1), raw.replace(b"\n\n", b"\ngpgsig " + armoured + b"\n\n", 1)).json()
    assert (answer["speaks"], answer["refusal"]) == (True, None)

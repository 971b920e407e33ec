"""My data: a developer sees everything that concerns them and nothing else, takes it with them, and takes it back."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.gateway.api_me import ROUTES
from functions.gateway.bodies import WITHHOLDINGS_MAX
from functions.gateway.export import cell, columns
from functions.gateway.mine import KINDS
from shared.domain.evidence import KeyRegistered, key_stream
from shared.domain.instants import HOUR_US
from shared.domain.leads import IntroductionAgreed, LeadQualified, OptInNoted
from shared.domain.profiles import CrawlRequested, ProfileObserved
from shared.domain.requests import TokenIssued
from shared.domain.ssh import PublicKey
from shared.domain.tokens import token_digest
from tests.gateway.house import House, Voice, hashes

LISTS = [kind.name for kind in KINDS]
ALICE, BOB = "alice", "bob"
INVITATION = "a1" * 20


def opted_in(house: House, inviter: int, invitee: int, invitation: str = INVITATION, at: int = 0) -> None:
    """Two pushed commits that make an opt-in between the two."""
    said = {
        "House-Invite": f"github:{invitee}/login{invitee}",
        "House-Purpose": "sprint-match/1",
        "House-Terms": house.house.terms,
        "House-Origin": house.house.origin,
        "House-Id": invitation[:32],
        "House-Expires": "2026-03-09T09:00:00Z",
    }
    house.entry(inviter, kind="commit", anchor=invitation, actor_login=f"login{inviter}", trailers=said)
    house.clock.move(2)
    house.settle()
    answer = {
        "House-Accept": invitation,
        "House-Terms": house.house.terms,
        "House-Origin": house.house.origin,
    }
    response = invitation[::-1]
    house.entry(invitee, kind="commit", anchor=response, actor_login=f"login{invitee}", trailers=answer)
    house.clock.move(2)
    house.settle()


def furnish(house: House, number: int, word: str) -> None:
    """One of everything that concerns the developer, each with `word` in it."""
    me, other = house.pseudonym(number), number + 10
    invitation = f"{number:x}" * 40
    opted_in(house, number, other, invitation)
    house.entry(number, other, repository=f"octo/{word}")
    house.developer(number).post("/api/consents", {"purpose": "participation", "given": True})
    blob = bytes([number]) * 32
    key = PublicKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + blob)
    registered = KeyRegistered(me, word, key.fingerprint, f"{key.line} {word}", house.clock.now_us())
    house.record("gateway", key_stream(me, key.fingerprint), registered)
    now_us = house.clock.now_us()
    house.record(
        "crawler",
        f"profile/{me}",
        CrawlRequested(me, word, invitation, now_us),
        ProfileObserved(me, word, now_us, name=f"The {word}"),
    )
    lead = LeadQualified("e" * 32, "client_x", me, "5" * 32, 70, 60, (f"{word} +70",))
    house.record("aggregator", f"lead/{me}", OptInNoted(invitation), IntroductionAgreed(me, now_us), lead)


def everything(voice: Voice) -> dict[str, list[dict[str, Any]]]:
    return {name: voice.get(f"/api/me/{name}").json()["items"] for name in LISTS}


@pytest.fixture
def two(house: House) -> House:
    """Two developers, of whom there is everything, and a session of both."""
    furnish(house, 1, ALICE)
    furnish(house, 2, BOB)
    house.propose("e" * 32, "client_x")
    return house


def test_everything_that_concerns_a_developer_is_listed_with_purpose_and_evidence(two: House) -> None:
    found = everything(two.developer(1))
    assert {name: len(rows) > 0 for name, rows in found.items()} == dict.fromkeys(LISTS, True)
    entry = next(row for row in found["entries"] if row["repository"] == "octo/alice")
    assert (entry["purpose"], entry["bases"], entry["standing"]) == (
        "sprint-match/1",
        ["1" * 40],
        "confirmed",
    )
    assert (entry["evidence"]["grade"], entry["evidence"]["delivery"]) == ("platform", "d" * 64)
    opt_in = found["opt-ins"][0]
    assert (opt_in["status"], opt_in["part"], opt_in["purpose"]) == ("confirmed", "inviter", "sprint-match/1")
    assert opt_in["evidence"]["commit"] == "1" * 40
    assert opt_in["response"]["commit"] == "1" * 40
    assert opt_in["other"] == two.pseudonym(11)
    session = found["sessions"][0]
    assert (session["lane"], session["opt_ins"]) == ("facilitator", ["1" * 40])
    lead = found["leads"][0]
    assert (lead["purpose"], lead["agreed_by"], lead["opt_ins"]) == (
        "introduction",
        "for any client",
        ["1" * 40],
    )
    assert (found["profile"][0]["name"], found["profile"][0]["opt_ins"]) == ("The alice", ["1" * 40])
    assert found["keys"][0]["evidence"] == "a proof by the key itself"
    assert [(row["purpose"], row["given"]) for row in found["consents"]] == [("participation", True)]
    assert found["tokens"][0]["sha256"] == token_digest(two.developer(1).token or "")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_developer_gets_at_nothing_of_another(two: House, route: Any) -> None:
    """Every route of /api/me, asked by one about what is the other's."""
    alice, bob = two.developer(1), two.developer(2)
    theirs = hashes(bob.get("/api/entries"))
    token = token_digest(bob.token or "")
    path = route.path.replace("{invitation}", "2" * 40).replace("{sha256}", token)
    body: dict[str, Any] = (
        {"entries": list(theirs)} if path.endswith("withholdings") else {"confirm": "erase me"}
    )
    before = everything(bob)
    if route.method == "GET":
        answer = alice.get(path)
        assert answer.status_code == 200
        said = answer.content
        if path.endswith(".zip"):
            archive = zipfile.ZipFile(io.BytesIO(said))
            said = b"".join(archive.read(name) for name in archive.namelist())
        shown = said.replace(b"Page", b"")
        # In a session together, they see of each other that seats are taken, elsewhere nothing.
        for mark in (BOB, two.pseudonym(2), "2" * 40, token, *theirs):
            assert mark.encode() not in shown, mark
    else:
        needs = route.body is not None
        answer = alice.post(path, body if needs else None)
        assert answer.status_code == (202 if path.endswith("erasure") else 404)
    assert everything(bob) == before


def test_lists_go_on_where_they_stopped(two: House) -> None:
    for _ in range(5):
        two.entry(1, 11)
    alice = two.developer(1)
    whole = alice.get("/api/me/entries").json()["items"]
    for name in LISTS:
        rows, after = [], ""
        while True:
            page = alice.get(f"/api/me/{name}?limit=1{after}").json()
            rows += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert rows == (whole if name == "entries" else alice.get(f"/api/me/{name}").json()["items"]), name


def test_many_entries_are_withheld_and_released_each_with_its_outcome(two: House) -> None:
    alice = two.developer(1)
    mine, theirs = hashes(alice.get("/api/entries")), hashes(two.developer(2).get("/api/entries"))
    asked = [*mine, theirs[0], "f" * 40]
    answer = alice.post("/api/me/withholdings", {"entries": asked})
    assert answer.status_code == 202
    outcomes = {row["hash"]: row["outcome"] for row in answer.json()["results"]}
    assert outcomes == {**dict.fromkeys(mine, "withholding"), theirs[0]: "unknown", "f" * 40: "unknown"}
    assert {row["standing"] for row in alice.get("/api/me/entries").json()["items"]} == {"withheld"}
    assert "withheld" not in two.developer(2).get("/api/me/entries").text
    two.clock.move(1)
    answer = alice.post("/api/me/withholdings", {"entries": mine, "withheld": False})
    assert {row["outcome"] for row in answer.json()["results"]} == {"releasing"}
    assert "withheld" not in {row["standing"] for row in alice.get("/api/me/entries").json()["items"]}


@pytest.mark.parametrize("entries", [[], ["f" * 40] * (WITHHOLDINGS_MAX + 1), ["no hash"], [1]])
def test_a_wrong_list_of_entries_is_refused_by_its_field(house: House, entries: list[Any]) -> None:
    answer = house.developer(1).post("/api/me/withholdings", {"entries": entries})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("entries")


@pytest.mark.parametrize("number", [1, 11])
def test_either_party_withdraws_an_opt_in_and_nothing_rests_on_it_any_more(two: House, number: int) -> None:
    path = f"/api/me/opt-ins/{'1' * 40}/withdraw"
    assert two.developer(number).post(path).status_code == 202
    opt_in = two.developer(1).get("/api/me/opt-ins").json()["items"][0]
    assert opt_in["status"] == "revoked"
    assert opt_in["ended_at"]
    assert not any(
        row["bases"] == ["1" * 40] for row in two.developer(1).get("/api/me/entries").json()["items"]
    )
    again = two.developer(number).post(path)
    assert (again.status_code, again.json()["title"]) == (409, "Ended before")


def test_whoever_is_invited_sees_it_and_declines(house: House) -> None:
    said = {
        "House-Invite": "github:2/bob",
        "House-Purpose": "sprint-match/1",
        "House-Terms": house.house.terms,
        "House-Origin": house.house.origin,
        "House-Id": "0f" * 16,
        "House-Expires": "2026-03-09T09:00:00Z",
    }
    house.entry(1, kind="commit", anchor=INVITATION, actor_login="alice", trailers=said)
    house.clock.move(2)
    house.settle()
    opt_in = house.developer(2).get("/api/me/opt-ins").json()["items"][0]
    assert (opt_in["part"], opt_in["status"], opt_in["other_login"]) == ("invitee", "invited", "alice")
    assert house.developer(3).post(f"/api/me/opt-ins/{INVITATION}/withdraw").status_code == 404
    assert house.developer(2).post(f"/api/me/opt-ins/{INVITATION}/withdraw").status_code == 202
    assert house.developer(2).get("/api/me/opt-ins").json()["items"][0]["reason"] == "declined by the invitee"


def test_a_developer_revokes_their_own_tokens(house: House) -> None:
    made = house.developer(1).post("/api/one-time-tokens", {}).json()["token"]
    opened = Voice(house, house.nobody().post("/api/sign-in/one-time", {"token": made}).json()["token"])
    digest = token_digest(opened.token or "")
    assert house.developer(1).post(f"/api/me/tokens/{digest}/revoke").status_code == 204
    assert opened.get("/api/me").status_code == 401
    statuses = {
        row["sha256"]: row["status"] for row in house.developer(1).get("/api/me/tokens").json()["items"]
    }
    assert statuses == {
        digest: "revoked",
        token_digest(made): "spent",
        token_digest(house.developer(1).token or ""): "good",
    }


# -- downloads


def test_the_downloads_hold_every_row_of_every_list(two: House) -> None:
    alice = two.developer(1)
    shown = everything(alice)
    answer = alice.get("/api/me/export.json")
    assert answer.headers["content-disposition"] == f'attachment; filename="house-{two.pseudonym(1)}.json"'
    whole = answer.json()
    assert {name: whole[name] for name in LISTS} == shown
    assert (whole["developer"], whole["house"]) == (two.pseudonym(1), "https://house.example")
    archive = zipfile.ZipFile(io.BytesIO(alice.get("/api/me/export.zip").content))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{name}.csv" for name in LISTS]
    for kind in KINDS:
        rows = list(csv.reader(io.StringIO(archive.read(f"{kind.name}.csv").decode(), newline="")))
        assert rows[0] == columns(kind.row)
        assert len(rows) == 1 + len(shown[kind.name])
    entries = csv.DictReader(io.StringIO(archive.read("entries.csv").decode(), newline=""))
    assert [row["evidence.delivery"] for row in entries] == [
        row["evidence"]["delivery"] for row in shown["entries"]
    ]


@pytest.mark.parametrize("path", ["/api/me/export.json", "/api/me/export.zip"])
def test_a_download_is_sent_while_it_is_read(house: House, path: str) -> None:
    """At no time is more than a page of rows in hand, however many there are."""
    from functions.gateway.api_me import export_csv, export_json
    from functions.gateway.auth import by_token
    from functions.gateway.call import Call

    for _ in range(1_200):
        house.entry(1, 2)
    read: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(house, name)

        def states(self, *args: Any) -> Any:
            found = house.states(*args)
            read.append(len(found))
            return found

    who = by_token(house, house.developer(1).token or "")
    edge: Any = Counting()
    call = Call(edge, "c" * 32, house.clock.now_us(), "i" * 32, {}, {}, who)
    pieces: Any = (export_json if path.endswith("json") else export_csv)(call).body
    first = next(pieces)
    until_first = sum(read)
    rest = list(pieces)
    assert until_first <= 1_000 < sum(read)
    assert max(len(piece) for piece in (first, *rest)) < 65_536
    whole = first + b"".join(rest)
    assert whole.endswith(b"]}\n") or zipfile.is_zipfile(io.BytesIO(whole))


@given(st.text(max_size=40))
def test_no_cell_is_a_formula(text: str) -> None:
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not cell([text]).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell(text).removeprefix("'") == text.removeprefix("'")


# -- erasure


def test_an_erased_developer_is_out_and_what_was_theirs_is_nobodys(two: House) -> None:
    alice = two.developer(1)
    token = alice.post("/api/one-time-tokens", {}).json()["token"]
    answer = alice.post("/api/me/erasure", {"confirm": "erase me"})
    assert answer.status_code == 202
    assert (answer.json()["invitations"], answer.json()["tokens"]) == (1, 2)
    requested = [e for e in two.store.log if e.type == "house.gateway.erasure-requested.v1"]
    assert json.loads(requested[0].data)["invitations"] == ["1" * 40]
    assert alice.get("/api/me").status_code == 401
    assert two.nobody().post("/api/sign-in/one-time", {"token": token}).status_code == 403
    keys = [e for e in two.store.log if e.type == "house.gateway.key-revoked.v1"]
    assert len(keys) == 1
    # Whoever lets them in anew lets them in to nothing of before.
    two.clock.move(HOUR_US)
    again = two.operator().post("/api/tokens", {"role": "developer", "name": "github:1/alice"}).json()
    assert again["subject"] == two.pseudonym(1)
    anew = everything(Voice(two, again["token"]))
    assert [name for name in ("entries", "opt-ins", "sessions", "keys", "requests") if anew[name]] == []
    assert Voice(two, again["token"]).get("/api/entries").json()["entries"] == []
    assert two.developer(2).get("/api/me").status_code == 200


@pytest.mark.parametrize("use", ["bearer", "session", "one-time"])
def test_a_token_from_before_the_erasure_opens_nothing_though_nobody_revoked_it(
    house: House, use: Any
) -> None:
    """One that was issued while the erasure was on its way, or was not among those that it names."""
    before_us = house.clock.now_us()
    house.clock.move(1)
    assert house.developer(1).post("/api/me/erasure", {"confirm": "erase me"}).status_code == 202
    digest, erased_us = token_digest("hse_late"), house.clock.now_us()
    refused = 403 if use == "one-time" else 401
    for issued_at_us, status in ((before_us, refused), (erased_us, refused), (erased_us + 1, 200)):
        issued = TokenIssued(digest, "developer", house.pseudonym(1), "github:1", issued_at_us, use=use)
        house.record("gateway", f"token/{digest}", issued)
        if use == "one-time":
            answer = house.nobody().post("/api/sign-in/one-time", {"token": "hse_late"})
            assert answer.status_code == (201 if status == 200 else status)
        else:
            assert Voice(house, "hse_late").get("/api/me").status_code == status


@pytest.mark.parametrize("body", [{}, {"confirm": "yes"}, {"confirm": "ERASE ME"}])
def test_nobody_is_erased_by_mistake(house: House, body: dict[str, str]) -> None:
    answer = house.developer(1).post("/api/me/erasure", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "confirm")
    assert house.developer(1).get("/api/me").status_code == 200

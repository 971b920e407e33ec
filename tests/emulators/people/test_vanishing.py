"""Whoever asks to be forgotten is: on Google's engine no byte tells of them that is kept, was sent, or was said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shared.adapters.firestore import FirestoreStore
from shared.adapters.gcs import GcsBucket
from shared.adapters.sqlite import SqliteStore
from shared.cli.demo.cast import Developer
from shared.domain.event import Recorded
from shared.domain.segments import PREFIX, is_manifest
from shared.runtime.discover import functions
from shared.runtime.rebuild import compare, everything, refold
from tests import google
from tests.emulators.faulty import OWNERS, until
from tests.emulators.people.commands import Commands
from tests.emulators.people.conftest import Played
from tests.emulators.people.place import Place
from tests.emulators.people.scan import Piece, naming
from tests.end_to_end.test_erasure import words
from tests.ledger.publishing import git

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Scanned:
    """All bytes before anybody was erased, and after two were; and the log as it was then."""

    before: list[Piece]
    after: list[Piece]
    log: list[Recorded]

    def of(self, kind: str) -> list[Piece]:
        return [piece for piece in self.after if piece.kind == kind]


@pytest.fixture(scope="module")
def store(place: Place) -> Iterator[FirestoreStore]:
    """A look at everything that was recorded up to this instant."""
    whole = [prefix for function in functions() for prefix, fold in function.folds.items() if fold.whole]
    size = google.EMULATOR_REQUEST_BYTES_MAX
    with closing(
        FirestoreStore(place.house.project, OWNERS, whole, request_bytes_max=size, settle_s=-1.0)
    ) as store:
        yield store


@pytest.fixture(scope="module")
def scanned(place: Place, played: Played, ledger: Path, store: FirestoreStore) -> Scanned:
    """Once they are published and archived, alice, who invited, and bob, who was invited, have themselves forgotten."""
    alice, bob, *_ = played.players.developers
    # A function says nothing as long as all is well, and this is to be heard, too.
    httpx.post(f"{place.house.urls['optin']}/", content=b"no event", trust_env=False)
    before = place.everything()
    for one in (bob, alice):
        erase(place, one)
    log = store.since(0, 10_000)
    return Scanned(before, place.everything(), log)


def erase(place: Place, developer: Developer) -> None:
    """Ask as the developer, and wait until it is done, and until all opt-ins have ended."""
    asked = place.voice(developer.id, developer.login).post("/api/me/erasure", {"confirm": "erase me"})
    assert asked["invitations"] > 0

    def kinds() -> list[str]:
        journey = place.api.get(f"/api/journeys/{asked['correlationid']}")["events"]
        return [event["type"] for event in journey]

    until(kinds, lambda found: "house.archiver.subject-erased.v1" in found)
    until(kinds, lambda found: found.count("house.optin.opt-in-revoked.v1") == asked["invitations"])


def test_no_byte_names_who_was_erased(scanned: Scanned, played: Played) -> None:
    """Whoever's webhook told of them."""
    alice, bob, *_ = played.players.developers
    assert [*naming(scanned.after, [*words(alice), *words(bob)])] == []


def test_no_byte_ever_named_anybody(scanned: Scanned, played: Played) -> None:
    """What was sealed before it was kept or sent is out of everybody's reach with its key, in any copy of it."""
    everybody = [word for one in played.players.developers for word in words(one)]
    assert [*naming(scanned.before, everybody)] == []


def test_the_scan_sees_everything_that_was_recorded(scanned: Scanned, place: Place) -> None:
    """Else nothing would be found because nothing was looked at."""
    ids = {event.id for event in scanned.log}
    assert len(ids) > 400
    sent = {piece.where.partition(" ")[2] for piece in scanned.of("message")}
    # The operator's token was issued before anybody could listen.
    assert [event.type for event in scanned.log if event.id not in sent] == ["house.gateway.token-issued.v1"]
    kept = b"\0".join(piece.data for piece in scanned.of("document"))
    assert [name for name in ids if name.encode() not in kept] == []
    assert [piece for piece in scanned.of("line") if b"a push that is no event" in piece.data]
    assert {"firestore.log", "pubsub.log"} <= {piece.where for piece in scanned.of("file")}
    assert [piece.where for piece in scanned.before if piece.kind == "object" and "/raw/" in piece.where]


def test_the_scan_sees_through_compression(scanned: Scanned, played: Played) -> None:
    """Pseudonyms stay, and are in the archive's segments; the ledger's packs have other names."""
    found = [*naming(scanned.of("object"), [played.told["ids"]["alice"], "sub_"])]
    assert [where for where in found if "dev_" in where and where.endswith(".jsonl.zz (compressed)")]
    assert [where for where in found if "sub_" in where and where.endswith(".pack (compressed)")]


def test_what_is_others_goes_on(scanned: Scanned, place: Place, played: Played) -> None:
    alice, bob, carol, *_ = played.players.developers
    entries = until(
        # What another process destroyed, the gateway may have in hand for five seconds.
        lambda: place.api.get("/api/entries", limit=500)["entries"],
        lambda shown: not [word for one in (alice, bob) for word in words(one) if word in str(shown)],
    )
    assert len(entries) >= 12
    page = place.api.post("/api/sign-in-links", {"next": "/log"})["url"]
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        log = browser.get(page).text
    for developer in (alice, bob):
        assert not [word for word in words(developer) if word in f"{entries} {log}"]
    assert any(entry["actor"] == played.told["ids"]["bob"] for entry in entries)
    assert f"[{carol.login}/notes]" in log
    result = f"/api/briefs/{played.told['ids']['brief']}/results"
    until(lambda: place.api.get(result), lambda seen: seen["status"] == "published" and seen["leads"] == [])


def test_the_ledger_still_holds(
    scanned: Scanned, place: Place, ledger: Path, played: Played, commands: Commands, tmp_path: Path
) -> None:
    key, now = tmp_path / "key", tmp_path / "now"
    key.write_bytes(place.api.ask("GET", "/ledger/key").content)
    git(tmp_path, "clone", "--quiet", f"{place.house.url}/ledger.git", str(now))
    entry = played.told["ids"]["entries"]["bob"]
    commands.say("", "verify", str(now), "--key", str(key), "--since", str(ledger), "--entry", entry)


def test_the_archive_still_proves_every_state(
    scanned: Scanned, place: Place, store: FirestoreStore, tmp_path: Path
) -> None:
    url = place.house.environment["STORAGE_EMULATOR_HOST"]
    bucket = GcsBucket(f"{place.house.project}-house-archive", url)
    assert [name for name in bucket.names(PREFIX) if is_manifest(name)]
    said: list[str] = []

    def different() -> list[str]:
        fresh = SqliteStore(tmp_path / f"{len(said)}.sqlite", synchronous="OFF")
        with closing(fresh):
            refold(everything(store, bucket, said.append), functions(), fresh, said.append)
            return [f.name for f in functions() if not compare(f.name, store, fresh).equal]

    # What is recorded in between is in one of the two only.
    until(different, lambda names: not names)


def test_the_key_that_wraps_all_others_never_left_cloud_kms(scanned: Scanned, place: Place) -> None:
    assert place.apis.asked["encrypt"] > 0
    assert place.apis.asked["decrypt"] > 0
    assert place.apis.refused == []
    trees = [piece for piece in scanned.of("document") if piece.where.startswith("keys/")]
    # What this Cloud KMS wraps begins so (https://github.com/fernet/spec).
    assert trees
    assert [tree.where for tree in trees if b"gAAAAA" not in tree.data] == []

"""The gateway serves the ledger to real git, read-only, and tells caches what never changes."""

import asyncio
import threading
from functools import partial
from pathlib import Path

import httpx
import pytest

from emulators.serving import serving
from shared.adapters.ledger_copy import LedgerCopy
from shared.domain import ledger
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.instants import MINUTE_US
from shared.domain.notes import key_of
from shared.domain.requests import ConsentGiven
from shared.runtime import errands
from shared.runtime.edge import Submission
from shared.runtime.node import Node
from shared.runtime.settings import Settings
from shared.runtime.shell import Shell
from tests.given import NOW_US
from tests.ledger.publishing import ADA, Publishing, entry_of, git, house_of


@pytest.fixture
def at() -> Publishing:
    publishing = Publishing()
    publishing.agree(ADA)
    return publishing


def publish(at: Publishing, count: int, first: int = 0) -> None:
    at.enter([entry_of(first + n, ADA, at_us=NOW_US + first + n) for n in range(count)])
    at.publish()


def test_git_clones_it_and_fetches_what_is_new(at: Publishing, tmp_path: Path) -> None:
    publish(at, 3)
    with serving(house_of(at).app) as url:
        git(tmp_path, "clone", "--quiet", f"{url}/ledger.git")
        clone = tmp_path / "ledger"
        assert (clone / "checkpoint").read_text() == at.state.note
        for n in range(4):
            publish(at, 2, 10 + 2 * n)
        git(clone, "pull", "--quiet", "--ff-only")
        assert git(clone, "rev-parse", "HEAD") == at.state.commit
        assert git(clone, "fsck", "--strict", "--no-progress") == ""
        copy = LedgerCopy(clone)
        assert ledger.read(copy.main, copy.fetch).heads[-1].checkpoint.size == at.state.size == 11


def test_a_pack_that_was_absorbed_is_still_there_for_who_is_cloning(at: Publishing) -> None:
    publish(at, 1)
    house, first = house_of(at), at.state.packs[0].name
    publish(at, 1, 1)
    assert [kept.name for kept in at.state.retired] == [first]
    assert house.nobody().get(f"/ledger.git/objects/pack/pack-{first}.pack").status_code == 200
    assert first not in house.nobody().get("/ledger.git/objects/info/packs").text


def test_an_empty_ledger_is_cloned_as_one(at: Publishing, tmp_path: Path) -> None:
    with serving(house_of(at).app) as url:
        assert "empty repository" in git(tmp_path, "clone", f"{url}/ledger.git")
        assert httpx.get(f"{url}/ledger/checkpoint").status_code == 404


def test_what_changes_is_asked_for_again_and_what_does_not_is_kept(at: Publishing) -> None:
    publish(at, 1)
    reader, state = house_of(at).nobody(), at.state
    refs = reader.get("/ledger.git/info/refs?service=git-upload-pack")
    assert refs.text == f"{state.commit}\trefs/heads/main\n"
    assert refs.headers["cache-control"] == "public, no-cache"
    assert refs.headers["content-type"] == "text/plain; charset=utf-8"
    assert reader.get("/ledger.git/info/refs", if_none_match=refs.headers["etag"]).status_code == 304
    pack = reader.get(f"/ledger.git/objects/pack/pack-{state.packs[0].name}.pack")
    assert pack.headers["content-type"] == "application/x-git-packed-objects"
    assert "immutable" in pack.headers["cache-control"]
    index = reader.get(f"/ledger.git/objects/pack/pack-{state.packs[0].name}.idx")
    assert index.headers["content-type"] == "application/x-git-packed-objects-toc"
    assert reader.get("/ledger.git/HEAD").text == "ref: refs/heads/main\n"


def test_the_checkpoint_and_its_key_are_served_by_themselves(at: Publishing) -> None:
    publish(at, 1)
    reader = house_of(at).nobody()
    note = reader.get("/ledger/checkpoint").text
    assert note == at.state.note
    key = key_of(reader.get("/ledger/key").text)
    assert key.name == "house.example"
    assert bytes.fromhex("1e" * 32).hex() not in reader.get("/ledger/key").text


@pytest.mark.parametrize(
    "path",
    [
        "objects/pack/pack-" + "0" * 40 + ".pack",
        "objects/pack/pack-..%2f..%2fsecrets.pack",
        "objects/pack/..%2f..%2f..%2fsegments",
        "objects/11/" + "1" * 38,
        "objects/info/alternates",
        "config",
    ],
)
def test_nothing_else_is_there(at: Publishing, path: str) -> None:
    publish(at, 1)
    assert house_of(at).nobody().get(f"/ledger.git/{path}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nobody_writes_to_it(at: Publishing, method: str) -> None:
    publish(at, 1)
    assert house_of(at).request(method, "/ledger.git/info/refs").status_code == 405


# -- a node on its own disk


def test_a_real_node_is_cloned_from(tmp_path: Path) -> None:
    node = Node(Settings(data=tmp_path / "data", origin="https://house.example"))
    node.worker.start()
    try:
        now_us = node.wired.ports.clock.now_us()
        entry = entry_of(1, ADA, at_us=now_us)
        _record(node, "gateway", f"person/{ADA}", ConsentGiven(ADA, "participation", now_us - MINUTE_US))
        _record(node, "eventlog", f"entry/{entry.hash}", entry)
        for slot in range(2, 200):
            _errand(node.shells["archiver"], node, slot)
            if node.wired.store.state("archiver", "checkpoint/log"):
                break
            threading.Event().wait(0.05)  # The node confirms the entry meanwhile.
        with serving(node.app) as url:
            git(tmp_path, "clone", "--quiet", f"{url}/ledger.git")
        assert entry.hash in git(tmp_path / "ledger", "rev-list", "main")
        assert git(tmp_path / "ledger", "fsck", "--strict", "--no-progress") == ""
        assert (tmp_path / "data" / "secrets" / "ledger").stat().st_mode & 0o777 == 0o600
    finally:
        # Its errands are run by hand, as a minute is long for a test.
        node.worker.stop(10)
        node.wired.close()


def _record(node: Node, function: str, stream: str, event: Event) -> None:
    submission = Submission(uuid5("test", stream), "1" * 32, 0, ((stream, event),))
    node.worker.run(lambda: node.shells[function].accept([submission])).result(10)


def _errand(shell: Shell, node: Node, minute: int) -> None:
    for slot in errands.scheduled(shell, minute * MINUTE_US):
        outcome = asyncio.run(errands.act(shell, slot, node.wired.gateways))
        assert outcome.error is None
        node.worker.run(partial(errands.conclude, shell, [outcome])).result(10)

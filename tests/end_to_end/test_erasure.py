"""Whoever asks to be forgotten is: no byte of a real node's directory, backup or log tells of them afterwards."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.cli.api import Api
from shared.cli.demo.cast import Cast, Developer, cast
from shared.cli.demo.host import GITHUB_TOKEN, nonce
from shared.cli.demo.show import show
from shared.cli.demo_github import DemoGitHub
from shared.domain.signatures import github_signature
from shared.runtime.rebuild import run
from shared.runtime.settings import Settings
from tests.processes.nodes import SECRET, Node
from tests.scanning import everything

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(180)]
ERASED_S_MAX = 60.0


def words(developer: Developer) -> tuple[str, ...]:
    """What would tell of a developer, wherever it lay."""
    return (
        developer.login,
        developer.name,
        developer.email,
        f"github:{developer.id}",
        f'"id": {developer.id},',
    )


def telling(folder: Path, developer: Developer) -> set[str]:
    """Which of a developer's words any file of the folder holds."""
    kept = everything(folder)
    return {word for word in words(developer) if word.encode() in kept}


@pytest.fixture
def players() -> Cast:
    return cast(nonce(2_026))


@pytest.fixture
def node(tmp_path: Path, players: Cast) -> Iterator[Node]:
    """A node on which the demo has been played, profiles and all."""
    with DemoGitHub(players.profiles()) as github:
        node = Node(
            tmp_path / "house",
            HOUSE_GITHUB_URL=github.url,
            HOUSE_GITHUB_TOKEN=GITHUB_TOKEN,
            HOUSE_ALLOW_PRIVATE_ADDRESSES="true",
        ).wait_until_up()
        try:
            yield node
        finally:
            if node.process.poll() is None:
                node.kill()


def operator(node: Node, folder: Path) -> Api:
    host, port = node.address
    return Api.at(f"http://{host}:{port}", (folder / "operator.token").read_text().strip())


def mentioned(node: Node, by: Developer, who: Developer) -> None:
    """A webhook of somebody else's that tells of a developer in words that nothing parses."""
    comment = {"body": f"thanks @{who.login}, that is {who.name} <{who.email}>, github:{who.id}"}
    account = {"id": by.id, "login": by.login, "type": "User"}
    repository = {"id": by.id, "full_name": f"{by.login}/notes", "owner": account}
    body = json.dumps(
        {"action": "created", "comment": comment, "repository": repository, "sender": account}
    ).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": "commit_comment",
        "x-hub-signature-256": github_signature(SECRET.encode(), body),
    }
    host, port = node.address
    answer = httpx.post(f"http://{host}:{port}/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 202, answer.text


def erased(api: Api, developer: Developer) -> None:
    """Ask as the developer, and wait until it is done."""
    name = f"github:{developer.id}/{developer.login}"
    issued = api.post("/api/tokens", {"role": "developer", "name": name})
    api.speaking_for(issued["token"]).post("/api/me/erasure", {"confirm": "erase me"})
    until_s = time.monotonic() + ERASED_S_MAX
    while time.monotonic() < until_s:
        found = api.get("/api/events", kind="house.archiver.subject-erased.v1", after=0, limit=500)
        if any(event["data"]["developer"] == issued["subject"] for event in found["events"]):
            return
        time.sleep(0.2)
    raise AssertionError(f"{developer.login} was not erased")


def test_nothing_tells_of_developers_who_were_erased(node: Node, players: Cast, tmp_path: Path) -> None:
    folder, backup = tmp_path / "house", tmp_path / "backup"
    api = operator(node, folder)
    outcome = show(api, SECRET.encode(), players, profiles=True, json=True)
    assert outcome.failure is None
    alice, bob, carol, *_ = players.developers
    entries = str(api.get("/api/entries", limit=500))
    assert alice.login in entries
    assert bob.login in entries
    assert all(telling(folder, one) == set() for one in players.developers), (
        "nothing tells of anybody without the keys"
    )
    # One who invites, and one who is invited; and what others' raw bodies say of them lies sealed, too.
    for one in (alice, bob):
        mentioned(node, carol, one)
        erased(api, one)
    page = api.ask("GET", "/log")
    assert page.status in (200, 303)
    entries = str(api.get("/api/entries", limit=500))
    assert not any(word in entries for word in words(alice) + words(bob))
    assert api.ask("GET", f"/api/briefs/{outcome.told['ids']['brief']}/results").status == 200
    assert node.stop() == 0
    shutil.copytree(folder, backup)
    for one in (alice, bob):
        assert telling(folder, one) == telling(backup, one) == set()
        assert not any(word in "".join(node.said) for word in words(one)), "neither does the log"
    assert b'"specversion":"1.0"' in everything(folder), "the scan sees what is compressed, too"
    settings = Settings.load({}, data=str(folder))
    said: list[str] = []
    assert run(settings, check=True, report=said.append), said

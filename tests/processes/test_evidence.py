"""Two developers on a real node: keys, signed commits, and an opt-in that no push brought."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.cli.api import Api
from shared.cli.demo_github import DemoGitHub, DemoUser
from shared.cli.main import main
from shared.domain.instants import DAY_US, rfc3339
from tests.evidence.signing import Signer
from tests.processes.nodes import Node

pytestmark = pytest.mark.process
PATIENCE_S_MAX = 30.0


@pytest.fixture
def bob(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "bob")


@pytest.fixture
def node(tmp_path: Path, bob: Signer) -> Iterator[Api]:
    """Its policy asks for signed commits, and its GitHub shows bob's key."""
    with DemoGitHub({"bob": DemoUser(2, "Bob", keys=(bob.line,))}) as github:
        started = Node(
            tmp_path / "data",
            HOUSE_GITHUB_URL=github.url,
            HOUSE_ALLOW_PRIVATE_ADDRESSES="true",
            HOUSE_LEAST_GRADES="sprint-match/1=signed",
        )
        try:
            started.wait_until_up()
            host, port = started.address
            yield Api.at(f"http://{host}:{port}", (tmp_path / "data" / "operator.token").read_text().strip())
        finally:
            started.stop()


def test_two_signed_commits_make_an_opt_in_where_the_policy_asks_for_no_less(
    node: Api,
    tmp_path: Path,
    bob: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alice, house = Signer(tmp_path / "alice"), node.get("/api/house")
    tokens = {
        login: node.post("/api/tokens", {"role": "developer", "name": f"github:{number}/{login}"})["token"]
        for number, login in ((1, "alice"), (2, "bob"))
    }
    monkeypatch.setenv("HOUSE_URL", node.url)

    def says(login: str, *command: str) -> str:
        monkeypatch.setenv("HOUSE_TOKEN", tokens[login])
        assert main(command) == 0
        return capsys.readouterr().out.strip()

    assert says("alice", "key", "add", f"{alice.key_file}.pub") == alice.key.fingerprint
    says("bob", "key", "add", "--github")
    began_s = time.monotonic()
    while bob.key.fingerprint not in says("bob", "key", "list"):
        assert time.monotonic() - began_s < PATIENCE_S_MAX, "bob's key was not read from GitHub"
        time.sleep(0.1)

    alice.commit(
        f"Work with me\n\nHouse-Invite: github:bob\nHouse-Purpose: sprint-match/1\n"
        f"House-Terms: {house['terms']}\nHouse-Origin: {house['origin']}\nHouse-Id: {'0f' * 16}\n"
        f"House-Expires: {rfc3339(time.time_ns() // 1000 + DAY_US)}\n"
    )
    invited = json.loads(
        says("alice", "commit", "submit", "HEAD", "--repo", str(alice.key_file.parent), "--json")
    )
    accepting = tmp_path / "accepting.commit"
    accepting.write_bytes(
        bob.commit(
            f"Yes\n\nHouse-Accept: {invited['commit']}\nHouse-Terms: {house['terms']}\n"
            f"House-Origin: {house['origin']}\n"
        )
    )
    assert "  signed  dev_" in says("bob", "commit", "submit", str(accepting))
    began_s = time.monotonic()
    while (found := node.speaking_for(tokens["bob"]).get("/api/tickets/mine"))["opted_in"] is not True:
        assert time.monotonic() - began_s < PATIENCE_S_MAX, found
        time.sleep(0.1)

    says("alice", "key", "revoke", alice.key.fingerprint)
    assert "revoked 20" in says("alice", "key", "list")
    later = tmp_path / "later.commit"
    later.write_bytes(alice.commit("later"))
    assert main(["commit", "submit", str(later)]) == 1
    assert f"the key {alice.key.fingerprint} was revoked" in capsys.readouterr().err
    assert node.speaking_for(tokens["bob"]).get("/api/tickets/mine")["opted_in"] is True

"""The demo's payloads are built from real commits, in GitHub's shapes, and name hashes that git would compute."""

import os
import subprocess
from hashlib import sha1
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from shared.cli.demo import landing_page, payloads
from shared.cli.demo.cast import Cast, cast
from shared.cli.demo.repositories import NOTHING, Repository, message
from shared.domain.lanes import LANES
from shared.domain.trailers import parse

AT_S = 1_772_442_000
TRAILERS = {
    "House-Accept": "d3ae11d966e0641aac118fab551f1273d400af93",
    "House-Terms": "sha256:" + "ab" * 32,
    "House-Origin": "https://house.example",
}


@pytest.fixture
def players() -> Cast:
    return cast("0123456789abcdef")


@pytest.fixture
def repository(tmp_path: Path, players: Cast) -> Repository:
    made = Repository.create(tmp_path, players.developers[0], "tide-tables", 7)
    made.commit(players.developers[0], "Begin\n\nWith ümlauts.", {"kept.md": "a\n", "gone.md": "b\n"}, AT_S)
    (made.path / "gone.md").unlink()
    made.commit(
        players.developers[1],
        message("Ask", "Please.", TRAILERS),
        {"kept.md": "c\n", "new file.md": "d\n"},
        AT_S + 1,
    )
    return made


def raw(repository: Repository, commit: str) -> bytes:
    command = ["git", "-C", str(repository.path), "cat-file", "commit", commit]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_a_push_names_every_commit_by_the_hash_of_its_object(repository: Repository, players: Cast) -> None:
    push = payloads.push(repository, players.developers[0], NOTHING)
    assert [commit["message"].splitlines()[0] for commit in push["commits"]] == ["Begin", "Ask"]
    for commit in push["commits"]:
        content = raw(repository, commit["id"])
        assert sha1(b"commit %d\0" % len(content) + content).hexdigest() == commit["id"]
        assert commit["message"].encode() in content
        assert f"tree {commit['tree_id']}\n".encode() in content
    assert push["after"] == push["commits"][-1]["id"] == push["head_commit"]["id"]


def test_a_push_says_what_it_changed_and_who_did(repository: Repository, players: Cast) -> None:
    alice, bob, *_ = players.developers
    push = payloads.push(repository, alice, NOTHING)
    first, second = push["commits"]
    assert (push["before"], push["created"]) == (NOTHING, True)
    assert (first["added"], first["removed"], first["modified"]) == (["gone.md", "kept.md"], [], [])
    assert (second["added"], second["removed"], second["modified"]) == (
        ["new file.md"],
        ["gone.md"],
        ["kept.md"],
    )
    assert second["author"] == {"name": bob.name, "email": bob.email, "username": bob.login}
    assert second["timestamp"] == "2026-03-02T09:00:01+00:00"
    assert push["repository"]["owner"]["id"] == alice.id == push["sender"]["id"]
    assert push["repository"]["full_name"] == f"{alice.login}/tide-tables"


def test_a_push_of_later_commits_holds_only_those(repository: Repository, players: Cast) -> None:
    before = repository.head()
    repository.commit(players.developers[2], "Later", {}, AT_S + 2)
    push = payloads.push(repository, players.developers[2], before)
    assert (push["before"], push["created"], len(push["commits"])) == (before, False, 1)


def test_the_house_reads_the_trailers_of_a_demo_commit(repository: Repository, players: Cast) -> None:
    push = payloads.push(repository, players.developers[0], NOTHING)
    assert parse(push["head_commit"]["message"]) == TRAILERS


def test_git_ignores_the_user_s_own_configuration(
    tmp_path: Path, players: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "config"
    hostile.write_text(
        "[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /nowhere\n[init]\n\tdefaultBranch = x\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(hostile))
    monkeypatch.setenv("GIT_DIR", os.devnull)
    made = Repository.create(tmp_path, players.developers[0], "calm", 8)
    commit = made.commit(players.developers[0], "Begin", {"a.md": "a\n"}, AT_S)
    again = Repository.create(tmp_path, players.developers[0], "calm-too", 9)
    assert again.commit(players.developers[0], "Begin", {"a.md": "a\n"}, AT_S) == commit


def test_stars_and_forks_have_github_s_shape(repository: Repository, players: Cast) -> None:
    erin = players.developers[4]
    star = payloads.star(repository, erin, AT_S)
    assert (star["action"], star["starred_at"]) == ("created", "2026-03-02T09:00:00Z")
    fork = payloads.fork(repository, erin, 99)
    assert fork["forkee"]["full_name"] == f"{erin.login}/tide-tables"
    assert fork["repository"]["id"] == 7


def test_runs_share_no_developer_and_fill_every_lane(players: Cast) -> None:
    other = cast("fedcba9876543210")
    assert not {d.id for d in players.developers} & {d.id for d in other.developers}
    assert {developer.primary for developer in players.developers} == set(LANES)
    assert all("en" in developer.languages for developer in players.developers)


def test_the_landing_page_has_its_button_where_it_says() -> None:
    image = Image.open(BytesIO(landing_page.draw()))
    assert image.size == (landing_page.WIDTH_PX, landing_page.HEIGHT_PX)
    x, y = landing_page.CALL_TO_ACTION
    # Just above the middle, where no letter is.
    assert image.getpixel((round(x * image.width), round(y * image.height) - 25)) == (228, 87, 46)

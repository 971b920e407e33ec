"""An entry's id is the hash of a commit that git itself agrees with."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash, raw_commit
from shared.domain.git_objects import EMPTY_TREE
from tests.given import NOW_US

STAR = EntryRecorded(
    hash="",
    kind="star",
    received_at_us=NOW_US + 123_456,
    delivery="ab" * 32,
    actor="dev_aaaaaaaaaaaaaaaaaaaa",
    owner="dev_bbbbbbbbbbbbbbbbbbbb",
    actor_login="alice",
    repository="bob/secret-plans",
    repository_id=7,
    action="created",
)
COMMIT = msgspec.structs.replace(
    STAR, kind="commit", anchor="c" * 40, parent="d" * 40, committed_at_us=NOW_US, ordinal=3
)


def git(repository: Path, *arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=repository, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return (done.stdout + done.stderr).decode().strip()


@pytest.mark.parametrize("entry", [STAR, COMMIT], ids=["star", "commit"])
def test_git_gives_the_same_hash_and_finds_nothing_wrong(entry: EntryRecorded, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert git(tmp_path, "hash-object", "-t", "tree", "-w", "--stdin") == EMPTY_TREE
    written = git(tmp_path, "hash-object", "-t", "commit", "-w", "--stdin", given=raw_commit(entry))
    assert written == entry_hash(entry)
    git(tmp_path, "update-ref", "refs/heads/main", written)
    assert git(tmp_path, "fsck", "--strict", "--no-progress") == ""
    assert git(tmp_path, "log", "-1", "--format=%P|%an|%ae|%ct|%s", "main") == (
        f"|House|house@invalid|{NOW_US // 1_000_000}|house entry/1"
    )


def test_hashes_stay_what_they_were() -> None:
    assert entry_hash(STAR) == "701a0446fd05de357ca366a16c2afec29959f133"
    assert entry_hash(COMMIT) == "66ed47b9bff3c5ab82028203fef2e95d50c6e0f1"


def test_nobody_can_be_followed_by_it() -> None:
    assert b"dev_" not in raw_commit(STAR)


def test_no_personal_text_is_in_it() -> None:
    assert b"alice" not in raw_commit(STAR)
    assert b"secret-plans" not in raw_commit(STAR)


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=40))
def test_personal_text_never_changes_the_hash(login: str, repository: str, own: str) -> None:
    changed = msgspec.structs.replace(STAR, actor_login=login, repository=repository, hash=own)
    assert entry_hash(changed) == entry_hash(STAR)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "unstar"},
        {"anchor": "e" * 40},
        {"received_at_us": NOW_US},
        {"committed_at_us": NOW_US + 1},
        {"delivery": "cd" * 32},
        {"ordinal": 4},
    ],
)
def test_every_public_fact_counts(change: dict[str, object]) -> None:
    assert entry_hash(msgspec.structs.replace(COMMIT, **change)) != entry_hash(COMMIT)

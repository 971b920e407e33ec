"""A ledger that grew is told apart from one that forks, and is taken elsewhere without overwriting another history."""

import shutil
from pathlib import Path

import pytest

from emulators.serving import serving
from shared.cli.main import main
from tests.ledger.publishing import ADA, Publishing, git, house_of, laid_out
from tests.ledger.verifying import ENTRIES, folder_of, published, refused, verify


def test_a_ledger_that_grew_is_told_apart_from_one_that_forks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = published((2,))
    before = laid_out(at.state, at.bucket, folder_of(tmp_path, "before"))
    first, note = at.state.commit, tmp_path / "checkpoint"
    note.write_text(at.state.note)
    at.enter(ENTRIES[2:3])
    at.publish()
    after = laid_out(at.state, at.bucket, folder_of(tmp_path, "after"))
    for since in (before, note, first, after):
        assert verify(after, "--since", since) == 0
    capsys.readouterr()
    other = published((1, 2))
    fork = laid_out(other.state, other.bucket, folder_of(tmp_path, "fork"))
    said = refused(capsys, fork, "--since", after)
    assert "the ledger forks: then (" in said
    assert first in said
    assert "size 2" in said
    assert "size 1" in said
    assert first in refused(capsys, fork, "--since", first)
    # The same two entries are below the third's parent there, so what the note alone says still holds.
    assert verify(fork, "--since", note) == 0
    capsys.readouterr()
    foreign = Publishing()
    foreign.agree(ADA)
    foreign.enter(ENTRIES[3:6])
    foreign.publish()
    rewritten = laid_out(foreign.state, foreign.bucket, folder_of(tmp_path, "rewritten"))
    for since in (before, note, first):
        assert "the ledger forks" in refused(capsys, rewritten, "--since", since)


def test_a_ledger_that_lost_its_end_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = published((2, 1))
    whole = laid_out(at.state, at.bucket, folder_of(tmp_path, "whole"))
    shutil.copytree(whole, tmp_path / "cut")
    git(tmp_path / "cut", "update-ref", "refs/heads/main", "main^1")
    assert verify(tmp_path / "cut") == 0
    capsys.readouterr()
    said = refused(capsys, tmp_path / "cut", "--since", whole)
    assert "then (house.example, size 3" in said
    assert "now (house.example, size 2" in said


@pytest.mark.parametrize("since", ["f" * 40, "nowhere"])
def test_a_checkpoint_that_nobody_knows_is_told_so(
    since: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert since in refused(capsys, repository, "--since", since, code=2 if since == "nowhere" else 1)


def test_it_is_pushed_to_a_remote_and_never_over_another_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = published((2,))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    remote = tmp_path / "remote.git"
    with serving(house_of(at).app) as url:
        push = ["ledger", "push", str(remote), "--url", url]
        assert main(push) == 0
        at.enter(ENTRIES[2:4])
        at.publish()
        assert main(push) == 0
        assert git(remote, "rev-parse", "main") == at.state.commit
        assert verify(remote, "--key", at.state.key) == 0
        capsys.readouterr()
    other = published((1,))
    with serving(house_of(other).app) as url:
        assert main(["ledger", "push", str(remote), "--url", url]) == 1
        assert "rejected" in capsys.readouterr().err
    assert git(remote, "rev-parse", "main") == at.state.commit

"""What is damaged in a ledger's repository is named."""

import random
from hashlib import sha1
from pathlib import Path

import pytest

from tests.ledger.publishing import git
from tests.ledger.verifying import ENTRIES, folder_of, refused, story, verify, written


def pack_of(repository: Path) -> Path:
    return max((repository / "objects" / "pack").glob("*.pack"), key=lambda path: path.stat().st_size)


def test_a_truncated_pack_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack_of(repository)
    path.chmod(0o600)
    whole = path.read_bytes()
    for size_bytes in (0, 5, 31, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size_bytes])
        said = refused(capsys, repository)
        assert path.name in said
        assert "truncated" in said


def test_no_flipped_byte_goes_unseen(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(4)
    path = pack_of(repository)
    for file in (path, path.with_suffix(".idx")):
        file.chmod(0o600)
        whole = file.read_bytes()
        for place in (*range(12), *(dice.randrange(len(whole)) for _ in range(40))):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
            assert path.stem in refused(capsys, repository)
        file.write_bytes(whole)
    assert verify(repository) == 0


def test_a_pack_whose_digest_was_made_to_fit_is_refused_still(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(5)
    path = pack_of(repository)
    index = path.with_suffix(".idx")
    path.chmod(0o600)
    index.chmod(0o600)
    whole, indexed = path.read_bytes(), index.read_bytes()
    sound = git(repository, "log", "--format=raw", "main")
    for _ in range(60):
        place = dice.randrange(12, len(whole) - 20)
        body = whole[:place] + bytes([whole[place] ^ 1 << dice.randrange(8)]) + whole[place + 1 : -20]
        digest = sha1(body).digest()
        path.write_bytes(body + digest)
        head = indexed[:-40] + digest
        index.write_bytes(head + sha1(head).digest())
        if verify(repository) == 0:
            # zlib has bits that say nothing; then every object is as it was.
            assert git(repository, "log", "--format=raw", "main") == sound
        capsys.readouterr()


def test_a_missing_index_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack_of(repository)
    path.with_suffix(".idx").unlink()
    assert f"the pack {path.name} has no index" in refused(capsys, repository)


def test_a_missing_object_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objects = story([[ENTRIES[0].hash]])
    repository = written(tmp_path, objects)
    assert f"the object {ENTRIES[0].hash} is missing" in refused(capsys, repository)


def test_what_is_no_ledger_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no git repository" in refused(capsys, folder_of(tmp_path, "empty"))
    git(tmp_path, "init", "--quiet", "--bare", "bare")
    assert "there is no branch main" in refused(capsys, tmp_path / "bare")
    assert "no folder" in refused(capsys, tmp_path / "nowhere", code=2)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "other")
    other = tmp_path / "other"
    git(
        other,
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@y",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        "hello",
    )
    assert "not a commit as the House makes them" in refused(capsys, other)

"""What files add to the bucket's contract, and secrets on files."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.adapters.filesystem import FilesystemBucket, FilesystemSecrets


def test_objects_survive_the_bucket_that_wrote_them(tmp_path: Path) -> None:
    FilesystemBucket(tmp_path).put("a/b", b"kept")
    assert FilesystemBucket(tmp_path).get("a/b") == b"kept"


def test_nothing_is_left_of_the_writing_but_the_object(tmp_path: Path) -> None:
    bucket = FilesystemBucket(tmp_path)
    bucket.put("a", b"")
    bucket.put("a", b"")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a"]


def test_what_a_crash_left_half_written_is_removed_an_hour_later(tmp_path: Path) -> None:
    FilesystemBucket(tmp_path)
    old, fresh = tmp_path / "~incoming/.old", tmp_path / "~incoming/.fresh"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(old, (0, 0))
    bucket = FilesystemBucket(tmp_path)
    assert (old.exists(), fresh.exists()) == (False, True)
    assert list(bucket.names("")) == []


def test_a_secret_is_made_once_and_read_for_ever(tmp_path: Path) -> None:
    made = FilesystemSecrets(tmp_path / "secrets").create("pepper", 32)
    again = FilesystemSecrets(tmp_path / "secrets")
    assert len(bytes.fromhex(made.decode())) == 32
    assert again.create("pepper", 32) == again.get("pepper") == made
    assert again.create("other", 32) != made


def test_an_absent_secret_is_a_key_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="pepper"):
        FilesystemSecrets(tmp_path).get("pepper")


def test_only_the_owner_reads_secrets(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    directory.mkdir(mode=0o755)
    FilesystemSecrets(directory).create("pepper", 32)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "pepper").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a b", "a" * 129])
def test_a_secret_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        FilesystemSecrets(tmp_path).get(name)
    with pytest.raises(ValueError, match="name"):
        FilesystemSecrets(tmp_path).create(name, 8)


def test_all_who_make_one_secret_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: FilesystemSecrets(tmp_path).create("pepper", 16), range(32)))
    assert len(made) == 1

"""Seals on each vault and each key-encryption key: what one contract asks of all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.adapters.keyring import SEALED, Full, Keyring, Vault, Wrapping
from shared.adapters.vaults import DirectoryVault, FirestoreVault, MemoryVault
from shared.adapters.wrapping import KmsWrapping, LocalWrapping
from tests import google
from tests.seals.kms import Kms

KEY = bytes(range(32))
Ring = Callable[[], Keyring]


def _firestore() -> Vault:
    google.google()
    return FirestoreVault(f"house-{uuid4().hex[:20]}")


@pytest.fixture(params=["memory", "directory", pytest.param("firestore", marks=pytest.mark.emulator)])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    """An empty one."""
    if request.param == "firestore":
        return _firestore()
    return MemoryVault() if request.param == "memory" else DirectoryVault(tmp_path / "keys")


@pytest.fixture(params=["file", "kms"])
def wrapping(request: pytest.FixtureRequest) -> Iterator[Wrapping]:
    """A key-encryption key."""
    if request.param == "file":
        yield LocalWrapping(KEY)
        return
    with Kms() as kms:
        yield KmsWrapping(kms.name, kms.url, anonymous=True)


@pytest.fixture
def ring(vault: Vault, wrapping: Wrapping) -> Ring:
    """A process that shares the vault with others, and looks at it each time."""
    return lambda: Keyring(vault, wrapping, fresh_s=0.0)


def sealed(keys: Keyring, subject: str, text: str) -> str:
    """The token, which has to be one."""
    token = keys.seal(subject, text)
    assert token is not None
    assert token.startswith(SEALED)
    return token


def test_what_is_sealed_opens_with_its_subjects_key_alone(ring: Ring) -> None:
    keys = ring()
    token = sealed(keys, "dev_ann", "Ann Ó Moráin")
    assert "Ann" not in token
    assert keys.open("dev_ann", token) == "Ann Ó Moráin"
    assert keys.open("dev_bob", token) is None


def test_another_process_opens_it_too(ring: Ring) -> None:
    token = sealed(ring(), "dev_ann", "ann")
    assert ring().open("dev_ann", token) == "ann"
    assert ring().seal("dev_ann", "ann") == token, "a decision made again makes the same events"


def test_a_destroyed_key_opens_and_seals_nothing_in_any_process(ring: Ring) -> None:
    first, second = ring(), ring()
    token, others = sealed(first, "dev_ann", "ann"), sealed(first, "dev_bob", "bob")
    salt = second.salt("dev_ann")
    assert second.open("dev_ann", token) == "ann"
    assert salt is not None
    first.destroy("dev_ann")
    first.destroy("dev_ann")
    for keys in (first, second, ring()):
        assert keys.open("dev_ann", token) is None
        assert keys.seal("dev_ann", "ann") is None
        assert keys.salt("dev_ann") is None
        assert keys.open("dev_bob", others) == "bob"


def test_those_who_destroy_at_once_all_succeed(ring: Ring) -> None:
    subjects = [f"dev_{n}" for n in range(6)]
    tokens = {subject: sealed(ring(), subject, subject) for subject in subjects}
    threads = [threading.Thread(target=ring().destroy, args=(subject,)) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ring().open(subject, token) for subject, token in tokens.items()] == [None] * len(subjects)


@pytest.mark.parametrize("broken", ["", "!", "AAAA", "A" * 40], ids=["empty", "no-base64", "short", "forged"])
def test_a_broken_token_is_as_one_of_another(ring: Ring, broken: str) -> None:
    assert ring().open("dev_ann", SEALED + broken) is None


def test_what_was_never_sealed_is_as_it_is(ring: Ring) -> None:
    assert ring().open("dev_ann", "plain") == "plain"


def test_the_vault_alone_gives_nothing_away(vault: Vault, ring: Ring) -> None:
    token = sealed(ring(), "dev_ann", "ann")
    stranger = Keyring(vault, LocalWrapping(b"another key" * 3))
    with pytest.raises(ValueError, match="wrap"):
        stranger.open("dev_ann", token)


def test_a_directory_keeps_its_files_to_its_owner_and_no_older_tree(tmp_path: Path) -> None:
    keys = Keyring(DirectoryVault(tmp_path / "keys"), LocalWrapping(KEY))
    sealed(keys, "dev_ann", "ann")
    [before] = (tmp_path / "keys").iterdir()
    old = before.read_bytes()
    keys.destroy("dev_ann")
    [after] = (tmp_path / "keys").iterdir()
    assert after.read_bytes() != old
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "keys", after)] == [0, 0]


def test_a_tree_that_is_full_says_so_and_keeps_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keyring(MemoryVault(), LocalWrapping(KEY))
    token = sealed(keys, "dev_ann", "ann")
    monkeypatch.setattr("shared.adapters.keyring.WRAPPED_BYTES_MAX", 100)
    with pytest.raises(Full, match=r"is full: 2\d{3} bytes"):
        keys.destroy("dev_ann")
    assert keys.open("dev_ann", token) == "ann"


class Counted(LocalWrapping):
    """A key-encryption key that counts how often it was needed."""

    asked = 0

    def unwrap(self, data: bytes) -> bytes:
        """See Wrapping."""
        self.asked += 1
        return super().unwrap(data)


def test_a_tree_that_is_the_same_is_not_unwrapped_again() -> None:
    vault, wrapping = MemoryVault(), Counted(KEY)
    keys, other = Keyring(vault, wrapping, fresh_s=0.0), Keyring(vault, LocalWrapping(KEY))
    token = sealed(keys, "dev_ann", "ann")
    assert [keys.open("dev_ann", token) for _ in range(9)] == ["ann"] * 9
    assert wrapping.asked == 1, "Cloud KMS bills every call"
    other.destroy("dev_ann")
    assert keys.open("dev_ann", token) is None
    assert wrapping.asked == 2


def test_a_key_service_that_is_away_is_a_timeout() -> None:
    keys = Keyring(MemoryVault(), KmsWrapping("projects/p/key", "http://127.0.0.1:9", anonymous=True))
    with pytest.raises(TimeoutError, match="Cloud KMS"):
        keys.seal("dev_ann", "ann")

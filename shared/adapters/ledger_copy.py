"""A copy of the public ledger: a git repository on this machine's disk, read without git.

It may come from anywhere, so every way in which it can be broken ends in one sentence that names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.repo import Repo

OBJECT_SIZE_BYTES_MAX = 8 * 1024 * 1024
"""More than a checkpoint's commit of 100,000 parents."""
_BRANCHES = ("refs/heads/main", "refs/remotes/origin/main")
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_DIGEST_BYTES, _AT_ONCE = 20, 1024 * 1024


class Broken(Exception):
    """It is no git repository, or a file of it is damaged. The message names the file."""


class LedgerCopy:
    """A clone, bare or not."""

    def __init__(self, path: Path) -> None:
        """Open it and check its packs' own digests.

        Raises:
            Broken: there is none, or a pack is damaged.
        """
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo

        try:
            self._repo: Repo = Repo(str(path))
        except NotGitRepository:
            raise Broken(f"{path} is no git repository") from None
        except Exception as error:
            raise Broken(f"{path} cannot be read as a git repository: {error}") from error
        for pack in sorted((Path(self._repo.controldir()) / "objects" / "pack").glob("pack-*.pack")):
            _check_pack(pack)
        self._store = self._repo.object_store

    def close(self) -> None:
        """Let go of its files."""
        self._repo.close()

    @property
    def main(self) -> str:
        """The commit that `main` is at.

        Raises:
            Broken: there is no `main`.
        """
        from dulwich.refs import Ref

        for branch in _BRANCHES:
            with _named("its refs"):
                if Ref(branch.encode()) in self._repo.refs:
                    return self._repo.refs[Ref(branch.encode())].decode("ascii")
        raise Broken("there is no branch main: this is no ledger, or nothing has been published yet")

    def fetch(self, name: str) -> tuple[str, bytes]:
        """An object by its name, as (kind, raw).

        Raises:
            Broken: it is missing or cannot be read.
        """
        from dulwich.objects import ObjectID

        try:
            kind, raw = self._store.get_raw(ObjectID(name.encode("ascii")))
        except KeyError:
            raise Broken(f"the object {name} is missing") from None
        except Exception as error:
            raise Broken(f"the object {name} cannot be read: {type(error).__name__} {error}") from error
        return _KINDS.get(kind, "?"), raw


def _check_pack(pack: Path) -> None:
    """A pack and its index end in digests of themselves, and the index in one of the pack before that."""
    index = pack.with_suffix(".idx")
    if not index.is_file():
        raise Broken(f"the pack {pack.name} has no index")
    digest = _digest_at_end(pack)
    _digest_at_end(index)
    with index.open("rb") as file:
        file.seek(-2 * _DIGEST_BYTES, 2)
        if file.read(_DIGEST_BYTES) != digest:
            raise Broken(f"the index {index.name} belongs to another pack")


def _digest_at_end(path: Path) -> bytes:
    """The digest that the file ends in.

    Raises:
        Broken: it is not the digest of all that is before it.
    """
    left, digest = path.stat().st_size - _DIGEST_BYTES, sha1(usedforsecurity=False)
    if left < 2 * _DIGEST_BYTES - 8:
        raise Broken(f"{path.name} is truncated: {left + _DIGEST_BYTES} bytes")
    with _named(path.name), path.open("rb") as file:
        while left > 0 and (piece := file.read(min(left, _AT_ONCE))):
            digest.update(piece)
            left -= len(piece)
        said = file.read()
    if said != digest.digest():
        raise Broken(f"{path.name} is truncated or corrupt: it is not what the digest at its end says")
    return said


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Broken(f"{what} cannot be read: {error.strerror}") from error

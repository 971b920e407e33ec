"""A copy of the public ledger: a git repository on this machine's disk, read without git.

It may come from anywhere, so every way in which it can be broken ends in one sentence that names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path

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
        import pygit2

        # It is only read, and nothing in it is run: whoever owns it may be somebody else.
        pygit2.settings.owner_validation = False
        try:
            self._repository = pygit2.Repository(str(path), pygit2.enums.RepositoryOpenFlag.NO_SEARCH)
        except pygit2.GitError as error:
            raise Broken(f"{path} is no git repository that can be read: {error}") from error
        for pack in sorted((Path(self._repository.path) / "objects" / "pack").glob("pack-*.pack")):
            _check_pack(pack)
        self._objects, self._named = self._repository.odb, pygit2.Oid
        self._errors = (pygit2.GitError, ValueError)

    @property
    def main(self) -> str:
        """The commit that `main` is at.

        Raises:
            Broken: there is no `main`.
        """
        for branch in _BRANCHES:
            found = self._repository.references.get(branch)
            if found is not None:
                return str(found.resolve().target)
        raise Broken("there is no branch main: this is no ledger, or nothing has been published yet")

    def fetch(self, name: str) -> tuple[str, bytes]:
        """An object by its name, as (kind, raw).

        Raises:
            Broken: it is missing or cannot be read.
        """
        try:
            named = self._named(hex=name)
            size_bytes = self._objects.read_header(named)[1]
            if size_bytes > OBJECT_SIZE_BYTES_MAX:
                raise Broken(f"the object {name} has {size_bytes} bytes, at most {OBJECT_SIZE_BYTES_MAX}")
            kind, raw = self._objects.read(named)
        except KeyError:
            raise Broken(f"the object {name} is missing") from None
        except self._errors as error:
            raise Broken(f"the object {name} cannot be read: {error}") from error
        return _KINDS.get(int(kind), "?"), raw


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

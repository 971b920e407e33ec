"""A copy of the public ledger: a git repository on this machine's disk, read without git.

It may come from anywhere, so every way in which it can be broken ends in one sentence that names the file. Nothing in
it is run; its configuration is not even read, and nothing that leads out of it is followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path

from shared.adapters.pack_sizes import check_sizes

OBJECT_SIZE_BYTES_MAX = 8 * 1024 * 1024
"""More than a checkpoint's commit of 100,000 parents. A delta, and what it is applied to, may have no more either."""
DELTAS_MAX = 4_095
"""Deltas upon deltas in a pack, of which git itself makes no more."""
_BRANCHES = ("refs/heads/main", "refs/remotes/origin/main")
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_DIGEST_BYTES, _AT_ONCE, _LINE = 20, 1024 * 1024, 1024
_ELSEWHERE = ("commondir", "objects/info/alternates", "objects/pack/multi-pack-index")
"""Files that would have objects read from other places than the packs and files that were looked at."""


class Broken(Exception):
    """It is no git repository, or a file of it is damaged. The message names the file."""


class LedgerCopy:
    """A clone, bare or not."""

    def __init__(self, path: Path) -> None:
        """Open it and check its packs: their own digests, and that nothing in them is too large to be unpacked.

        Raises:
            Broken: there is none, or a pack is damaged.
        """
        import pygit2

        self._folder = _folder(path)
        for name in _ELSEWHERE:
            if (self._folder / name).exists():
                raise Broken(
                    f"{name} leads elsewhere: take a clone that stands by itself and has whole packs"
                )
        _check_objects(self.objects)
        try:
            self._objects, self._named = pygit2.Odb(str(self.objects)), pygit2.Oid
        except pygit2.GitError as error:
            raise Broken(f"{path} is no git repository that can be read: {error}") from error
        self._errors = (pygit2.GitError, ValueError)

    @property
    def objects(self) -> Path:
        """The folder of its objects."""
        return self._folder / "objects"

    @property
    def main(self) -> str:
        """The commit that `main` is at.

        Raises:
            Broken: there is no `main`.
        """
        packed = dict(_packed_refs(self._folder / "packed-refs"))
        for branch in _BRANCHES:
            loose = self._folder / branch
            found = next(_lines(loose), "") if loose.is_file() else packed.get(branch)
            if found:
                return found
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


def _folder(path: Path) -> Path:
    """Where the repository keeps its objects."""
    for folder in (path, path / ".git"):
        if (folder / "objects").is_dir():
            return folder
    if (path / ".git").is_file():
        raise Broken(f"{path / '.git'} leads elsewhere: name the folder of the clone itself")
    raise Broken(f"{path} is no git repository that can be read: it has no objects")


def _packed_refs(path: Path) -> Iterator[tuple[str, str]]:
    for line in _lines(path) if path.is_file() else ():
        commit, _, ref = line.partition(" ")
        yield ref, commit


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file of refs, at most so long."""
    with _named(path.name), path.open("rb") as file:
        while line := file.readline(_LINE):
            yield line.decode("utf-8", "replace").strip()


# -- what the objects lie in


def _check_objects(objects: Path) -> None:
    for folder in sorted(objects.glob("[0-9a-f][0-9a-f]")):
        for file in folder.iterdir():
            # Unpacked it may have no more; packed it is taken into memory as it is.
            if not file.is_file() or file.stat().st_size > OBJECT_SIZE_BYTES_MAX:
                raise Broken(
                    f"{folder.name}/{file.name} is no object, or one over {OBJECT_SIZE_BYTES_MAX} bytes"
                )
    packs = objects / "pack"
    for name in sorted({path.stem for path in packs.glob("*") if path.suffix in (".pack", ".idx")}):
        _check_pack(packs / f"{name}.pack")


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
    with _named(pack.name):
        try:
            check_sizes(pack, index, OBJECT_SIZE_BYTES_MAX, DELTAS_MAX)
        except ValueError as error:
            raise Broken(f"the pack {pack.name} is not read: {error}") from error


def _digest_at_end(path: Path) -> bytes:
    """The digest that the file ends in.

    Raises:
        Broken: it is not the digest of all that is before it.
    """
    if not path.is_file():
        raise Broken(f"{path.name} is missing, or no file")
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

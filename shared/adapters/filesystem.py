"""Bucket and Secrets on files of one machine.

A file appears whole or not at all: it is written and synced under a temporary name and then linked to its own
(POSIX link(2) is atomic and refuses a name that is taken), so no reader ever sees half an object and of two
writers one wins.
"""

import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp

from shared.ports.bucket import check_name, may_begin

_SECRET = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
_PART_CHARACTERS_MAX = 200
_INCOMING = "~incoming"
_INCOMING_AGE_S_MAX = 3_600


class FilesystemBucket:
    """Objects as files below `root`, which is created when it is not there.

    A part of a name that other parts follow becomes a directory whose name ends in `+`, as the objects `a`
    and `a/b` may both exist; a part longer than a file's name may be is broken with `~`. Neither mark is in
    the alphabet of names, so every path is one name's and none leads out of `root`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        _make_directories(self._incoming)
        _remove_abandoned(self._incoming)

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """Create the object, durable on return; False when the name is taken: its bytes stay as they are.

        The media type is for adapters that serve objects themselves; here it is not kept.

        Raises:
            ValueError: the name is not one that every bucket can keep.
        """
        path = self._path(check_name(name))
        _make_directories(path.parent)
        if not path.exists():
            return _create(path, data, self._incoming)
        _sync_directory(path.parent)
        return False

    def get(self, name: str) -> bytes | None:
        """The object's bytes, or None."""
        try:
            return self._path(check_name(name)).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Remove the object; nothing happens when there is none."""
        path = self._path(check_name(name))
        try:
            path.unlink()
        except FileNotFoundError:
            return
        _sync_directory(path.parent)

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with `prefix`, in order."""
        if not may_begin(prefix):
            return  # The file system may refuse to look.
        parents = prefix.split("/")[:-1]
        start = self._path("/".join([*parents, "x"])).parent
        found: list[str] = []
        for directory, below, files in os.walk(start):
            if _INCOMING in below:
                below.remove(_INCOMING)
            for file in files:
                path = (Path(directory) / file).relative_to(self._root).as_posix()
                found.append(path.replace("+/", "/").replace("~/", ""))
        yield from sorted(name for name in found if name.startswith(prefix))

    def _path(self, name: str) -> Path:
        parts = ("~/".join(_pieces(part)) for part in name.split("/"))
        return self._root / "+/".join(parts)


class FilesystemSecrets:
    """One file a secret, mode 0600, in a directory of mode 0700, which is created when it is not there."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        self._directory = directory

    def get(self, name: str) -> bytes:
        """The secret's value.

        Raises:
            KeyError: there is no such secret.
            ValueError: the name is not a secret's.
        """
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None

    def create(self, name: str, size_bytes: int) -> bytes:
        """The secret's value: `size_bytes` random bytes in hexadecimal, made the first time anyone asks.

        Raises:
            ValueError: the name is not a secret's.
        """
        path = self._path(name)
        if not path.exists():
            _create(path, secrets.token_hex(size_bytes).encode(), self._directory)
        return path.read_bytes()

    def _path(self, name: str) -> Path:
        if not _SECRET.fullmatch(name):
            raise ValueError(
                f"a secret's name is 1 to 128 of [A-Za-z0-9._-], not a dot first, got {name[:80]!r}"
            )
        return self._directory / name


def _pieces(part: str) -> list[str]:
    return [part[i : i + _PART_CHARACTERS_MAX] for i in range(0, len(part), _PART_CHARACTERS_MAX)] or [""]


def _create(path: Path, data: bytes, incoming: Path) -> bool:
    """Create `path`, which only its owner may read, durable on return; False when it is there already."""
    descriptor, temporary = mkstemp(prefix=".", dir=incoming)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
        # Also for the loser of a race: what it found has to be durable when it says so.
        _sync_directory(path.parent)
    return True


def _make_directories(directory: Path) -> None:
    """Create `directory` and what is missing above it, each durable in the one above."""
    if directory.is_dir():
        return
    _make_directories(directory.parent)
    directory.mkdir(exist_ok=True)
    _sync_directory(directory.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(incoming: Path) -> None:
    """Remove what a crash left half written; a file younger than an hour may be another process's in hand."""
    for left in incoming.iterdir():
        try:
            if time.time() - left.stat().st_mtime > _INCOMING_AGE_S_MAX:
                left.unlink()
        except FileNotFoundError:
            continue  # Another process was faster.

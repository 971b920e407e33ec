"""Vaults: where the wrapped key trees lie: a node's own directory, a database of Firestore's, or memory."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from shared.adapters.google_errors import AGAIN_S_MAX, passing

KEYS = "keys"
"""The collection, where the vault is Firestore."""
_RING = "ring"


class MemoryVault:
    """A vault without a disk."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, int]] = {}
        self._lock = threading.Lock()

    def read(self, name: str) -> tuple[bytes, object] | None:
        """See Vault."""
        return self._kept.get(name)

    def write(self, name: str, data: bytes, version: object | None) -> bool:
        """See Vault."""
        with self._lock:
            _, now = self._kept.get(name, (b"", None))
            if now != version:
                return False
            self._kept[name] = (data, (now or 0) + 1)
            return True


class DirectoryVault:
    """Files that only their owner may read, in a directory of one node's alone. A version is the digest of a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._lock = folder, threading.Lock()

    def read(self, name: str) -> tuple[bytes, object] | None:
        """See Vault."""
        try:
            data = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        return data, sha256(data).digest()

    def write(self, name: str, data: bytes, version: object | None) -> bool:
        """See Vault. What lay there is overwritten before it is let go, as far as the disk overwrites."""
        path = self._folder / name
        with self._lock:
            kept = self.read(name)
            if (kept[1] if kept else None) != version:
                return False
            descriptor, temporary = mkstemp(prefix=".", dir=self._folder)
            _write(descriptor, data)
            old = os.open(path, os.O_WRONLY) if kept else None
            os.replace(temporary, path)
            if old is not None and kept:
                _write(old, bytes(len(kept[0])))
            directory = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
            return True


def _write(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class FirestoreVault:
    """One document for each tree, in the collection `keys`. A version is a document's update time."""

    def __init__(self, project: str, database: str = "(default)") -> None:
        self._project, self._database = project, database
        self._client: Any = None

    def read(self, name: str) -> tuple[bytes, object] | None:
        """See Vault."""
        with passing(f"read the key tree {name}"):
            found = self._document(name).get(timeout=AGAIN_S_MAX)
        return (found.get(_RING), found.update_time) if found.exists else None

    def write(self, name: str, data: bytes, version: object | None) -> bool:
        """See Vault."""
        from google.api_core import exceptions as google

        document = self._document(name)
        try:
            with passing(f"write the key tree {name}"):
                if version is None:
                    document.create({_RING: data}, timeout=AGAIN_S_MAX)
                else:
                    same = self._client.write_option(last_update_time=version)
                    document.update({_RING: data}, option=same, timeout=AGAIN_S_MAX)
        except (google.AlreadyExists, google.FailedPrecondition, google.NotFound):
            return False
        return True

    def _document(self, name: str) -> Any:
        if self._client is None:
            from google.cloud.firestore import Client

            self._client = Client(project=self._project, database=self._database)
        return self._client.collection(KEYS).document(name)

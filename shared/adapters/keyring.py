"""Keyring: everyone's keys, made from sixteen key trees that are wrapped by a key-encryption key where they lie.

A tree is read when somebody's key is first asked for, and again after `FRESH_S`, so that a key another process
destroyed is unknown here soon after. Texts are sealed with AES-256-GCM; the nonce is made from the text with a key of its
own, so that equal texts of a subject are equal tokens (a decision made again makes the same events), and no other two
texts share one.
"""

from __future__ import annotations

import secrets
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from hmac import digest
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from shared.domain.key_tree import SEED_BYTES, KeyTree

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED = "enc:1:"
"""What a token begins with."""
_MARK = b"\0enc:1:"
"""What sealed bytes begin with; no JSON and no form does."""
FRESH_S = 60.0
KNOWN_MAX = 10_000
"""Keys in hand; the one that was not used for longest goes first."""
ATTEMPTS_MAX = 8
WRAPPED_BYTES_MAX = 900_000
"""One tree as it is kept: a document of Firestore's has 1 MiB at most. It is full after some 400 erasures."""
_NONCE_BYTES = 12
_decode = msgspec.msgpack.Decoder(KeyTree).decode
_encode = msgspec.msgpack.Encoder().encode


class Full(Exception):
    """A key tree holds as many destroyed keys as it can."""


class Vault(Protocol):
    """Where wrapped trees lie. It keeps no older one than the last.

    Raises TimeoutError where it is away.
    """

    def read(self, name: str) -> tuple[bytes, object] | None:
        """What lies there, and its version."""

    def write(self, name: str, data: bytes, version: object | None) -> bool:
        """Replace that version (None: create it), durable on return; False when another was faster."""


class Wrapping(Protocol):
    """The key-encryption key.

    Raises TimeoutError where it is away, ValueError for what it did not wrap.
    """

    def wrap(self, data: bytes) -> bytes:
        """The bytes as only `unwrap` can read them."""

    def unwrap(self, data: bytes) -> bytes:
        """The bytes that were wrapped."""


class _Key(Struct, frozen=True):
    cipher: AESGCM
    nonces: bytes
    salt: bytes


class _Tree(Struct, frozen=True):
    tree: KeyTree
    version: object
    read_s: float


class Keyring:
    """Seals whose keys come from the trees in a vault. Threads may share it. `seed` gives a new tree its random bytes."""

    def __init__(
        self,
        vault: Vault,
        wrapping: Wrapping,
        fresh_s: float = FRESH_S,
        seed: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._vault, self._wrapping, self._fresh_s, self._seed = vault, wrapping, fresh_s, seed
        self._lock = threading.RLock()
        self._trees: dict[str, _Tree] = {}
        self._keys: OrderedDict[str, _Key] = OrderedDict()

    def seal(self, subject: str, text: str) -> str | None:
        """See Seals. What is a token already stays one."""
        if text.startswith(SEALED):
            return text
        key = self._key(subject)
        return None if key is None else SEALED + urlsafe_b64encode(_encrypted(key, text.encode())).decode()

    def open(self, subject: str, token: str) -> str | None:
        """See Seals. What is no token was never sealed, and is as it is."""
        if not token.startswith(SEALED):
            return token
        key = self._key(subject)
        try:
            raw = urlsafe_b64decode(token[len(SEALED) :])
        except ValueError:
            return None
        plain = None if key is None else _decrypted(key, raw)
        return None if plain is None else plain.decode()

    def seal_bytes(self, subject: str, data: bytes) -> bytes | None:
        """See Seals."""
        key = self._key(subject)
        if key is None:
            return None
        # Random, as nobody asks bytes to be the same again, and to digest them costs more than to encrypt them.
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return b"".join((_MARK, nonce, key.cipher.encrypt(nonce, data, None)))

    def open_bytes(self, subject: str, sealed: bytes) -> bytes | None:
        """See Seals. What has no mark was never sealed, and is as it is."""
        if not sealed.startswith(_MARK):
            return sealed
        key = self._key(subject)
        return None if key is None else _decrypted(key, memoryview(sealed)[len(_MARK) :])

    def salt(self, subject: str) -> bytes | None:
        """See Seals."""
        key = self._key(subject)
        return None if key is None else key.salt

    def destroy(self, subject: str) -> None:
        """See Seals.

        Raises:
            Full: the subject's tree can forget nobody else.
        """
        name = subject.encode()
        with self._lock:
            for _ in range(ATTEMPTS_MAX):
                known = self._read(_shard(subject))
                if known.tree.leaf(name) is None:
                    return
                left = _encode(known.tree.without(name))
                if len(left) > WRAPPED_BYTES_MAX:
                    raise Full(f"the key tree {_shard(subject)} is full: {len(left)} bytes")
                wrapped = self._wrapping.wrap(left)
                if self._vault.write(_shard(subject), wrapped, known.version):
                    self._forget(_shard(subject))
                    return
            raise TimeoutError(f"lost {ATTEMPTS_MAX} races for the key tree {_shard(subject)}")

    def _key(self, subject: str) -> _Key | None:
        with self._lock:
            shard = _shard(subject)
            tree = self._trees.get(shard)
            if tree is None or time.monotonic() - tree.read_s > self._fresh_s:
                tree = self._read(shard)
            found = self._keys.get(subject)
            if found is None:
                leaf = tree.tree.leaf(subject.encode())
                if leaf is None:
                    return None
                found = self._keys[subject] = _made(leaf, subject)
                while len(self._keys) > KNOWN_MAX:
                    self._keys.popitem(last=False)
            self._keys.move_to_end(subject)
            return found

    def _read(self, shard: str) -> _Tree:
        """The tree as it lies there now; the first to ask for it plants it."""
        for _ in range(ATTEMPTS_MAX):
            kept = self._vault.read(shard)
            if kept is not None:
                data, version = kept
                before = self._trees.get(shard)
                if before is not None and before.version == version:
                    # To unwrap it again would be a call to Cloud KMS, which bills each.
                    tree = before.tree
                else:
                    self._forget(shard)
                    tree = _decode(self._wrapping.unwrap(data))
                known = self._trees[shard] = _Tree(tree, version, time.monotonic())
                return known
            planted = KeyTree({"": self._seed(SEED_BYTES)})
            self._vault.write(shard, self._wrapping.wrap(_encode(planted)), None)
        raise TimeoutError(f"lost {ATTEMPTS_MAX} races to plant the key tree {shard}")

    def _forget(self, shard: str) -> None:
        self._trees.pop(shard, None)
        for subject in [known for known in self._keys if _shard(known) == shard]:
            del self._keys[subject]


def _encrypted(key: _Key, plain: bytes) -> bytes:
    nonce = digest(key.nonces, plain, "sha256")[:_NONCE_BYTES]
    return nonce + key.cipher.encrypt(nonce, plain, None)


def _decrypted(key: _Key, raw: bytes | memoryview) -> bytes | None:
    from cryptography.exceptions import InvalidTag

    try:
        return key.cipher.decrypt(bytes(raw[:_NONCE_BYTES]), raw[_NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None


def _shard(subject: str) -> str:
    """Which tree a subject's key is in: `0` to `f`."""
    return digest(b"shard", subject.encode(), "sha256").hex()[0]


def _made(leaf: bytes, subject: str) -> _Key:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    def derived(what: str) -> bytes:
        # The subject takes part, as two may meet in one leaf.
        return digest(leaf, f"{what}\0{subject}".encode(), "sha256")

    return _Key(AESGCM(derived("seal")), derived("nonce"), derived("salt"))

"""Signed notes: text with Ed25519 signatures below it, to which others may add theirs.

Sources: https://c2sp.org/signed-note, and https://c2sp.org/tlog-cosignature for what witnesses add to a checkpoint
(quoted where they are obeyed).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import sha256

from msgspec import Struct

SIGNATURES_MAX = 64
""""Verifiers SHOULD apply a maximum limit to the number of signatures […], but MUST accept at least up to 16." """
NOTE_SIZE_BYTES_MAX = 512 * 1024
""""Remember that post-quantum signatures can be up to nearly 5kB in size." """
ED25519, COSIGNATURE = b"\1", b"\4"
"""What a key is for: notes as they are, or, with Ed25519, too, a witness's word on when it saw them."""
_TIMESTAMP_BYTES = 8
_NAME = re.compile(r"[^\s+]{1,256}")
_LINE = re.compile(r"— ([^\s+]{1,256}) ([A-Za-z0-9+/]+={0,2})")
_KEY = re.compile(r"([^\s+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Unsigned(Exception):
    """The note is not signed by the key, or its signature is false."""


class Key(Struct, frozen=True):
    """A verifier's key: whose signature it knows. `public` is 32 bytes (RFC 8032); `use` says what it signs."""

    name: str
    public: bytes
    use: bytes = ED25519

    @property
    def id(self) -> bytes:
        """`key ID = SHA-256(key name || 0x0A || 0x01 || 32-byte Ed25519 public key)[:4]`; a witness's has 0x04."""
        return sha256(self.name.encode() + b"\n" + self.use + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as verifiers are given it: `<name>+<hex of the key ID>+<base64 of its use and the public key>`."""
        return f"{self.name}+{self.id.hex()}+{b64encode(self.use + self.public).decode()}"


class Signature(Struct, frozen=True):
    """One signature line. `key_id` is four bytes; `value` is whatever its key's algorithm makes."""

    name: str
    key_id: bytes
    value: bytes


class Note(Struct, frozen=True):
    """A text that ends in a newline, and its signatures, at least one."""

    text: str
    signatures: tuple[Signature, ...]


def key_of(text: str) -> Key:
    """The verifier's key that `text` is.

    Raises:
        ValueError: it is none, or of another algorithm.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise ValueError("a verifier key reads <name>+<8 hex digits>+<base64>")
    name, key_id, encoded = found.groups()
    public = _decoded(encoded)
    if public[:1] not in (ED25519, COSIGNATURE) or len(public) != 33:
        raise ValueError(
            "a verifier key for Ed25519 is 33 bytes, the first of them 0x01, or 0x04 for a witness"
        )
    key = Key(name, public[1:], public[:1])
    if key.id.hex() != key_id:
        raise ValueError(f"the key's id is {key.id.hex()}, not {key_id}: a letter of it is wrong")
    return key


def signed(text: str, key: Key, signature: bytes) -> bytes:
    """The note with its first signature.

    Raises:
        ValueError: the text or the key's name is not one that a note may have.
    """
    if not text.endswith("\n") or _CONTROL.search(text) or not _NAME.fullmatch(key.name):
        raise ValueError(
            "a note's text ends in a newline and has no other control character; names have no space"
        )
    return f"{text}\n— {key.name} {b64encode(key.id + signature).decode()}\n".encode()


def note_of(data: bytes) -> Note:
    """The note that `data` is.

    Raises:
        ValueError: it is none.
    """
    if len(data) > NOTE_SIZE_BYTES_MAX:
        raise ValueError(f"a note of {len(data)} bytes, at most {NOTE_SIZE_BYTES_MAX}")
    whole = data.decode()
    # "the text is separated from the signatures by the last empty line in the note"
    text, empty, lines = whole.rpartition("\n\n")
    if not empty or not lines.endswith("\n") or _CONTROL.search(whole):
        raise ValueError("a signed note is text, an empty line and signature lines")
    given = lines[:-1].split("\n")
    if len(given) > SIGNATURES_MAX:
        raise ValueError(f"{len(given)} signatures in a note, at most {SIGNATURES_MAX}")
    return Note(f"{text}\n", tuple(_signature(line) for line in given))


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    value = b"" if found is None else _decoded(found[2])
    if found is None or len(value) < 5:
        raise ValueError(f"not a signature line: {line[:80]!r}")
    return Signature(found[1], value[:4], value[4:])


def check(note: Note, key: Key) -> None:
    """Nothing, when `key` has signed the note. "Verifiers MUST ignore signatures from unknown keys."

    Raises:
        Unsigned: it has not, or one of its signatures is false.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    known = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.id)]
    if not known:
        raise Unsigned(f"not signed by {key.name}+{key.id.hex()}")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for line in known:
        try:
            public.verify(*_signed_by(key, line.value, note.text))
        except InvalidSignature:
            # "If a signature from a known key fails to verify, clients SHOULD reject the whole note."
            raise Unsigned(f"the signature of {key.name}+{key.id.hex()} is false") from None


def _signed_by(key: Key, value: bytes, text: str) -> tuple[bytes, bytes]:
    """The signature itself, and what it is over."""
    if key.use == ED25519:
        return value, text.encode()
    # "a `timestamped_signature` structure": a u64 and the signature.
    seen_s = int.from_bytes(value[:_TIMESTAMP_BYTES])
    return value[_TIMESTAMP_BYTES:], f"cosignature/v1\ntime {seen_s}\n{text}".encode()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {text[:80]!r}") from error

"""Sealed words: short texts that only this node can have written, for sign-in links, challenges and browser sessions.

They name a token by its digest, never the token, or hold a nonce, and end by themselves; that the token still opens
anything is checked at each use. Pure: the secret and the instant arrive as arguments.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

import msgspec
from msgspec import Struct

Purpose = Literal["link", "session", "challenge", "github"]
CHARACTERS_MAX = 2_048


class Pass(Struct, frozen=True, array_like=True):
    """Who may come in until when, and where to. `digest` is a token's, or a nonce of the same size."""

    digest: str
    until_us: int
    following: str = "/"


def seal(secret: bytes, purpose: Purpose, entry: Pass) -> str:
    """The pass with its HMAC-SHA256, in characters that URLs and cookies take as they are."""
    word = msgspec.json.encode(entry)
    return f"{_text(word)}.{_text(_mac(secret, purpose, word))}"


def unseal(secret: bytes, purpose: Purpose, sealed: str, now_us: int) -> Pass | None:
    """The pass that was sealed for this purpose, or None when it was not or is over."""
    if len(sealed) > CHARACTERS_MAX:
        return None
    word_text, _, mac_text = sealed.partition(".")
    try:
        word, mac = _bytes(word_text), _bytes(mac_text)
    except ValueError:
        return None
    if not hmac.compare_digest(mac, _mac(secret, purpose, word)):
        return None
    entry = msgspec.json.decode(word, type=Pass)
    return entry if now_us < entry.until_us else None


def _mac(secret: bytes, purpose: Purpose, word: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + word, "sha256")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""Identities and their pseudonyms (DESIGN section 4)."""

import hmac
from base64 import b32encode
from collections.abc import Callable
from functools import lru_cache


def pseudonymizer(pepper: bytes) -> Callable[[str], str]:
    """The function from an identity (`github:<numeric id>`) to `dev_` + base32(HMAC-SHA256(pepper, identity))[:20].

    It remembers the last 4,096 answers, as a few people make most of a log.
    """

    @lru_cache(maxsize=4096)
    def pseudonym(identity: str) -> str:
        return "dev_" + b32encode(hmac.digest(pepper, identity.encode(), "sha256"))[:20].decode().lower()

    return pseudonym


def subject(salt: bytes, developer: str) -> str:
    """The public ledger's name for a developer: `sub_` + base32(HMAC-SHA256(their own salt, `dev_…`))[:20].

    Inside the House, the identity is the pseudonym. Without the salt nobody, the House included, can tell whose
    name it is; neither the pepper nor the account's number helps.
    """
    return "sub_" + b32encode(hmac.digest(salt, developer.encode(), "sha256"))[:20].decode().lower()

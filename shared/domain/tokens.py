"""Tokens: who may do what. A token is random, shown once, and known here only by its digest.

The gateway writes the stream `token/<digest>`, whose state is a `Token`; every HTTP function may look it up.
"""

from hashlib import sha256

from msgspec import Struct

from shared.domain.requests import Role


class Token(Struct, frozen=True):
    """What one token opens. `token` is its digest; `subject` whom it speaks for, `*` for an operator."""

    token: str
    role: Role
    subject: str
    name: str
    revoked: bool = False


def token_digest(token: str) -> str:
    """The hex SHA-256 of a token, under which it is stored."""
    return sha256(token.encode()).hexdigest()

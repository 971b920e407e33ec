"""Tokens: who may do what. A token is random, shown once, and known here only by its digest.

The gateway writes the stream `token/<digest>`, whose state is a `Token`; every HTTP function may look it up.
"""

from hashlib import sha256
from typing import Annotated

from msgspec import Struct

from shared.domain.event import of
from shared.domain.requests import Role, Use


class Token(Struct, frozen=True, omit_defaults=True):
    """What one token opens. `token` is its digest; `subject` whom it speaks for, `*` for an operator."""

    token: str
    role: Role
    subject: str
    name: Annotated[str, of("subject")]
    revoked: bool = False
    issued_at_us: int = 0
    use: Use = "bearer"
    expires_at_us: int | None = None
    spent_at_us: int | None = None
    evidence: str | None = None

    def stands(self, now_us: int) -> bool:
        """Whether it is good for anything: neither revoked, nor spent, nor over."""
        over = self.expires_at_us is not None and self.expires_at_us <= now_us
        return not (self.revoked or over or self.spent_at_us is not None)

    def opens(self, now_us: int) -> bool:
        """Whether it opens its rights. A one-time token only opens a session."""
        return self.use != "one-time" and self.stands(now_us)


def token_digest(token: str) -> str:
    """The hex SHA-256 of a token, under which it is stored."""
    return sha256(token.encode()).hexdigest()

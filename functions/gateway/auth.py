"""Who asks: a bearer token or a browser's session, looked up by digest at every request.

Of the API only GET takes a session: whatever changes something takes the Authorization header, which no other site can
make a browser send. The pages' forms take a session, and carry a word that only the page knew (forms.py).
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from functions.gateway import kept
from functions.gateway.sealed import unseal
from shared.domain.requests import Role
from shared.domain.tokens import Token, token_digest
from shared.runtime.edge import Edge, Rejection

COOKIE = "house_token"
TOKEN_CHARACTERS_MAX = 512
PREFIX = "hse_"


class Caller(Struct, frozen=True):
    """Who asks, by what right. `subject` is a developer's pseudonym, a client's id, or `*`.

    Nothing from before `since_us` is a developer's who was erased then and came back.
    """

    role: Role
    subject: str
    name: str
    digest: str
    since_us: int = 0

    @property
    def everywhere(self) -> bool:
        """Whether nothing is hidden from them."""
        return self.role == "operator"

    def sees(self, at_us: int) -> bool:
        """Whether something from then may be shown to them at all."""
        return not self.since_us or at_us > self.since_us


def by_token(edge: Edge, token: str) -> Caller | None:
    """Whose token it is, or None when it opens nothing."""
    return by_digest(edge, token_digest(token)) if 0 < len(token) <= TOKEN_CHARACTERS_MAX else None


def by_digest(edge: Edge, digest: str) -> Caller | None:
    """Whose token has this digest, or None when it opens nothing: there is none, or it was revoked, or is over."""
    token = kept.token(edge, digest)
    if token is None or not token.opens(edge.clock.now_us()):
        return None
    return speaks_for(edge, token)


def speaks_for(edge: Edge, token: Token) -> Caller | None:
    """Whom a token speaks for, or None: it is from before its developer was erased."""
    since_us = kept.person(edge, token.subject).erased_at_us if token.role == "developer" else 0
    known = Caller(token.role, token.subject, token.name, token.token, since_us)
    return known if known.sees(token.issued_at_us) else None


def by_session(edge: Edge, cookie: str | None) -> Caller | None:
    """Whose browser it is, or None."""
    session = unseal(edge.secrets.get("sign-in"), "session", cookie, edge.clock.now_us()) if cookie else None
    return by_digest(edge, session.digest) if session else None


def caller(
    edge: Edge, headers: Mapping[str, str], cookies: Mapping[str, str], *, browsing: bool
) -> Caller | None:
    """Who asks: the Authorization header where there is one, else, when only `browsing`, the session.

    Raises:
        Rejection: 401, when the header opens nothing.
    """
    given = headers.get("authorization")
    if given is None:
        return by_session(edge, cookies.get(COOKIE)) if browsing else None
    scheme, _, token = given.partition(" ")
    known = by_token(edge, token.strip()) if scheme.lower() == "bearer" else None
    if known is None:
        raise Rejection(
            401, "Bad token", "the Authorization header holds no bearer token that opens anything"
        )
    return known


def require(known: Caller | None, roles: tuple[Role, ...]) -> Caller:
    """The caller, when their role is one of `roles`.

    Raises:
        Rejection: 401 without one, 403 with another role.
    """
    if known is None:
        raise Rejection(401, "Token missing", "expected Authorization: Bearer <token>")
    if known.role not in roles:
        raise Rejection(403, "Not allowed", f"this is for {_list(roles)}; this token is a {known.role}'s")
    return known


def _list(roles: tuple[Role, ...]) -> str:
    articles: Mapping[Role, Literal["a", "an"]] = {"operator": "an"}
    return " or ".join(f"{articles.get(role, 'a')} {role}'s token" for role in roles)

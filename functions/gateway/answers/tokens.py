"""Tokens, sessions and links that let somebody in. Each is shown once."""

from functions.gateway.answers import Body
from shared.domain.requests import Role


class Token(Body):
    """A token, shown once."""

    token: str
    role: Role
    subject: str
    name: str


class OneTimeToken(Body):
    """A token that opens one session, shown once; `url` is the same as a link."""

    token: str
    url: str
    subject: str
    name: str
    expires_at: str


class Challenge(Body):
    """What to sign, with a line feed behind it, in which SSHSIG namespace."""

    challenge: str
    namespace: str
    expires_at: str


class SessionToken(Token):
    """A session's token, shown once. It ends by itself."""

    expires_at: str


class SignInLink(Body):
    """A link that opens the token's rights in a browser, good for an hour."""

    url: str

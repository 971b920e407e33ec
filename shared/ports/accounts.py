"""Who somebody is at a GitHub-shaped server."""

from typing import Protocol

from msgspec import Struct


class Account(Struct, frozen=True):
    """An account there. Its number says who it is; the login is only what it is called at the moment."""

    number: int
    login: str


class NoAccount(Exception):
    """The server does not say who it is; the message says why, without secrets."""


class Accounts(Protocol):
    """OAuth 2.0's authorization code with PKCE (RFC 6749, RFC 7636; S256), against one configured server."""

    def page(self, state: str, verifier: str, redirect_url: str) -> str:
        """Where somebody's browser is to go, to come back to `redirect_url` with a code and this `state`."""

    async def account(self, code: str, verifier: str, redirect_url: str) -> Account:
        """Whose code it is.

        Raises:
            NoAccount: the server refused it, or did not answer as it should.
            Unreachable: it did not answer.
        """

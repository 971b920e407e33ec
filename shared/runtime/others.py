"""Others: the functions of the other processes, as far as one of them asks something of another: to redrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct

REDRIVE = "/redrive"
REDRIVE_S_MAX = 60.0
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class _Redriven(Struct):
    went_through: bool


class _Nothing(Struct):
    detail: str


class Others:
    """Where other functions answer (`urls`), and the `accounts` as which each may be called: its own alone."""

    def __init__(self, urls: Mapping[str, str], accounts: Mapping[str, str]) -> None:
        self._urls, self._accounts = urls, accounts

    def redrive(self, function: str, letter: str) -> bool:
        """Have a function handle a parked input again; whether it went through. It blocks.

        Raises:
            KeyError: there is nothing to redrive, or no way to that function.
            TimeoutError: the function does not answer as it should.
        """
        import httpx

        if function not in self._urls:
            raise KeyError(f"where {function} answers is not known here (HOUSE_URLS)")
        url, headers = self._urls[function], {}
        if account := self._accounts.get(function):
            headers["authorization"] = f"Bearer {_token(account, url)}"
        try:
            answer = httpx.post(
                url + REDRIVE, json={"stream": letter}, headers=headers, timeout=REDRIVE_S_MAX
            )
            if answer.status_code != 409:
                answer.raise_for_status()
                return msgspec.json.decode(answer.content, type=_Redriven).went_through
            nothing = msgspec.json.decode(answer.content, type=_Nothing).detail
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise TimeoutError(f"{url}{REDRIVE}: {error}") from error
        raise KeyError(nothing)


def _token(account: str, audience: str) -> str:
    """An identity token of `account` for `audience`, which this process's own account may make.

    Raises:
        TimeoutError: it cannot be had now.
    """
    import google.auth
    from google.auth import impersonated_credentials as impersonated
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    made = cast(Any, impersonated)
    try:
        own, _ = cast(Any, google.auth).default(scopes=[_SCOPE])
        target = made.Credentials(own, account, [_SCOPE])
        identity = made.IDTokenCredentials(target, audience, include_email=True)
        identity.refresh(cast(Any, Request)())
    except (GoogleAuthError, OSError) as error:
        raise TimeoutError(f"no identity of {account}: {error}") from error
    token: str = identity.token
    return token

"""GitHubAccounts: OAuth against GitHub, GitHub Enterprise, or a server of that shape.

No scope is asked for: public facts are enough. The access token is used for one request and forgotten.
Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from shared.ports.accounts import Account, NoAccount
from shared.ports.secrets import Secrets
from shared.ports.web import Page, Web

SECRET = "oauth"  # noqa: S105 - the name of a secret
NUMBER_MAX = 2**63 - 1
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?")
_TOKEN = re.compile(r"[!-~]{1,512}")


def web_url(api_url: str) -> str:
    """The pages that belong to an API: github.com's to api.github.com, and an enterprise server's to `/api/v3`."""
    parts = urlsplit(api_url)
    path = parts.path.removesuffix("/api/v3")
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}{path}"


class GitHubAccounts:
    """See Accounts. `web` keeps to public addresses where the node says so, and bounds every answer."""

    def __init__(self, web: Web, api_url: str, client: str, secrets: Secrets) -> None:
        self._web, self._api_url, self._client, self._secrets = web, api_url, client, secrets
        self._oauth_url = f"{web_url(api_url)}/login/oauth"

    def page(self, state: str, verifier: str, redirect_url: str) -> str:
        """See Accounts."""
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self._client,
            "redirect_uri": redirect_url,
            "state": state,
            "code_challenge": digest,
            "code_challenge_method": "S256",
        }
        return f"{self._oauth_url}/authorize?{urlencode(asked)}"

    async def account(self, code: str, verifier: str, redirect_url: str) -> Account:
        """See Accounts."""
        asked = {
            "client_id": self._client,
            "client_secret": self._secrets.get(SECRET).decode(),
            "code": code,
            "redirect_uri": redirect_url,
            "code_verifier": verifier,
        }
        accept = {"accept": "application/json"}
        url = f"{self._oauth_url}/access_token"
        given = _object(await self._web.post_json(url, msgspec.json.encode(asked), accept))
        token = given.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise NoAccount("GitHub took back its code: it was used, or is over")
        url = f"{self._api_url}/user"
        page = await self._web.get(url, {"authorization": f"Bearer {token}", **accept})
        if urlsplit(page.url)[:2] != urlsplit(url)[:2]:
            raise NoAccount("GitHub led elsewhere when asked whose code it is")
        return _account(_object(page))


def _object(page: Page) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(page.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        found = None
    if page.status_code != 200 or found is None:
        raise NoAccount(f"GitHub did not answer as it should (status {page.status_code})")
    return found


def _account(user: dict[str, Any]) -> Account:
    number, login = user.get("id"), user.get("login")
    if type(number) is not int or not 0 < number <= NUMBER_MAX:
        raise NoAccount("GitHub did not say the account's number")
    if not isinstance(login, str) or not _LOGIN.fullmatch(login):
        raise NoAccount("GitHub did not say the account's login")
    return Account(number, login)

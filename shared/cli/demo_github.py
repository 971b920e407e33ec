"""DemoGitHub: a small GitHub-shaped server with its users' web sites on loopback, for the demo and the tests.

It answers as https://docs.github.com/rest and /graphql describe, as far as the crawler asks: profiles, their
organizations, SSH keys and status; and it serves each user's page. Conditional requests are answered with 304.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from shared.cli.loopback import Answer, Asked, Loopback

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_JSON = "application/json"
_NOT_FOUND = b'{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}'
_UNKNOWN = b'{"message": "This endpoint requires you to be authenticated.", "status": "401"}'


class DemoUser(Struct, frozen=True):
    """One user. `blog` is by default the user's page on this server, `/sites/<login>/`."""

    id: int
    name: str
    blog: str | None = None
    bio: str = ""
    orgs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    status: str | None = None
    emoji: str | None = None
    busy: bool = False


class DemoGitHub(Loopback):
    """A server while the `with` block lasts. `users` may be changed meanwhile.

    `requests` counts what was asked, by keys such as `GET /users/octo`; `unchanged` the answers with 304.
    """

    def __init__(self, users: Mapping[str, DemoUser]) -> None:
        self.users = dict(users)
        self.requests: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        super().__init__(self.answer)

    def site(self, login: str) -> str:
        """The address of the user's page, under another name of this machine than the API's."""
        return f"http://localhost:{self.port}/sites/{login}/"

    def answer(self, asked: Asked) -> Answer:
        """What it says to one request: what lies under the path, or 304 where the asker has it."""
        path = urlsplit(asked.path).path
        self.requests[f"{asked.method} {path}"] += 1
        if asked.method == "POST":
            return self._status(path, asked)
        found = self._found(path)
        if found is None:
            return Answer(404, {"Content-Type": _JSON}, _NOT_FOUND)
        media_type, body = found
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        if asked.headers.get("if-none-match") == etag:
            self.unchanged[f"GET {path}"] += 1
            return Answer(304, {"ETag": etag})
        return Answer(200, {"ETag": etag, "Content-Type": media_type}, body)

    def _found(self, path: str) -> tuple[str, bytes] | None:
        """Media type and body of what lies under `path`, or None."""
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["robots.txt"]:
                return "text/plain", ROBOTS
            case ["users", login] if login in self.users:
                return _JSON, json.dumps(self._profile(login)).encode()
            case ["users", login, "orgs"] if login in self.users:
                orgs = [{"login": org, "id": 1_000 + n} for n, org in enumerate(self.users[login].orgs)]
                return _JSON, json.dumps(orgs).encode()
            case ["users", login, "keys"] if login in self.users:
                keys = [{"id": 1_000 + n, "key": key} for n, key in enumerate(self.users[login].keys)]
                return _JSON, json.dumps(keys).encode()
            case ["sites" | "private", login] if login in self.users:
                return "text/html; charset=utf-8", self._page(login)
            case _:
                return None

    def _status(self, path: str, asked: Asked) -> Answer:
        """The answer to the one GraphQL query there is, for those who show a token."""
        if path != "/graphql":
            return Answer(404, {"Content-Type": _JSON}, _NOT_FOUND)
        if not asked.headers.get("authorization", "").startswith("Bearer "):
            return Answer(401, {"Content-Type": _JSON}, _UNKNOWN)
        said = json.dumps(self._graphql(json.loads(asked.body))).encode()
        return Answer(200, {"Content-Type": _JSON}, said)

    def _graphql(self, asked: Any) -> dict[str, Any]:
        login = asked["variables"]["login"]
        user = self.users.get(login)
        if user is None:
            detail = f"Could not resolve to a User with the login of '{login}'."
            return {"data": {"user": None}, "errors": [{"type": "NOT_FOUND", "message": detail}]}
        status = None
        if user.status or user.emoji or user.busy:
            status = {"message": user.status, "emoji": user.emoji, "indicatesLimitedAvailability": user.busy}
        return {"data": {"user": {"databaseId": user.id, "status": status}}}

    def _profile(self, login: str) -> dict[str, Any]:
        user = self.users[login]
        blog = self.site(login) if user.blog is None else user.blog
        return {
            "login": login,
            "id": user.id,
            "type": "User",
            "name": user.name,
            "blog": blog,
            "bio": user.bio or None,
            "url": f"{self.url}/users/{login}",
            "organizations_url": f"{self.url}/users/{login}/orgs",
        }

    def _page(self, login: str) -> bytes:
        user = self.users[login]
        name, bio = escape(user.name), escape(user.bio)
        head = f'<head><meta charset="utf-8"><title>{name}</title></head>'
        body = f"<body><h1>{name}</h1><p>{bio}</p></body>"
        return f'<!doctype html><html lang="en">{head}{body}</html>'.encode()

"""DemoGitHub: a small GitHub-shaped server with its users' web sites on loopback, for the demo and the tests.

It answers as https://docs.github.com/rest and /graphql describe, as far as the crawler asks: profiles, their
organizations, SSH keys and status; and it serves each user's page. Conditional requests are answered with 304.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_BODY_BYTES_MAX = 100_000
_NOT_FOUND = b'{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}'


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


class DemoGitHub:
    """A server while the `with` block lasts. `users` may be changed meanwhile.

    `requests` counts what was asked, by keys such as `GET /users/octo`; `unchanged` the answers with 304.
    """

    def __init__(self, users: Mapping[str, DemoUser]) -> None:
        self.users = dict(users)
        self.requests: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        github = self

        class Handler(_Handler):
            """Requests to this server."""

            house = github

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> DemoGitHub:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The base of the REST API, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def site(self, login: str) -> str:
        """The address of the user's page, under another name of this machine than the API's."""
        return f"http://localhost:{self._server.server_port}/sites/{login}/"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Media type and body of what lies under `path`, or None."""
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["robots.txt"]:
                return "text/plain", ROBOTS
            case ["users", login] if login in self.users:
                return "application/json", json.dumps(self._profile(login)).encode()
            case ["users", login, "orgs"] if login in self.users:
                orgs = [{"login": org, "id": 1_000 + n} for n, org in enumerate(self.users[login].orgs)]
                return "application/json", json.dumps(orgs).encode()
            case ["users", login, "keys"] if login in self.users:
                keys = [{"id": 1_000 + n, "key": key} for n, key in enumerate(self.users[login].keys)]
                return "application/json", json.dumps(keys).encode()
            case ["sites" | "private", login] if login in self.users:
                return "text/html; charset=utf-8", self._page(login)
            case _:
                return None

    def graphql(self, asked: Any) -> dict[str, Any]:
        """The answer to the crawler's query for a user's status."""
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


class _Handler(BaseHTTPRequestHandler):
    house: DemoGitHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what lies under the path, or 304 where the asker has it."""
        path = urlsplit(self.path).path
        self.house.requests[f"GET {path}"] += 1
        found = self.house.answer(path)
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, "application/json", _NOT_FOUND)
            return
        media_type, body = found
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        if self.headers.get("If-None-Match") == etag:
            self.house.unchanged[f"GET {path}"] += 1
            self._send(HTTPStatus.NOT_MODIFIED, media_type, b"", etag)
        else:
            self._send(HTTPStatus.OK, media_type, body, etag)

    def do_POST(self) -> None:
        """Answer the one GraphQL query there is, to those who show a token."""
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(size, _BODY_BYTES_MAX))
        path = urlsplit(self.path).path
        self.house.requests[f"POST {path}"] += 1
        if path != "/graphql":
            self._send(HTTPStatus.NOT_FOUND, "application/json", _NOT_FOUND)
        elif not self.headers.get("Authorization", "").startswith("Bearer "):
            detail = b'{"message": "This endpoint requires you to be authenticated.", "status": "401"}'
            self._send(HTTPStatus.UNAUTHORIZED, "application/json", detail)
        else:
            answer = json.dumps(self.house.graphql(json.loads(body))).encode()
            self._send(HTTPStatus.OK, "application/json", answer)

    def _send(self, status: HTTPStatus, media_type: str, body: bytes, etag: str | None = None) -> None:
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", etag)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the requests are counted."""

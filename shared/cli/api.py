"""Api: the node's HTTP interface, as the commands use it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.cli.failures import Failure, Misuse

if TYPE_CHECKING:
    import argparse

    import httpx

TIMEOUT_S = 30.0


def data_directory(flag: str | None) -> Path:
    """Where the node keeps what it knows: the flag, else $HOUSE_DATA, else `.house`."""
    return Path(flag or os.environ.get("HOUSE_DATA") or ".house")


def node_url(url: str | None, data: Path) -> str:
    """The flag, else $HOUSE_URL, else where the node says it is that has `data` open.

    Raises:
        Misuse: none of them is there, or it is no URL.
    """
    found = url or os.environ.get("HOUSE_URL") or _announced(data)
    if not found:
        raise Misuse(f"no node has {data} open: start one with 'house up', or name one with --url")
    if not found.startswith(("http://", "https://")):
        raise Misuse(f"--url (or HOUSE_URL) expects http://… or https://…, got {found!r}")
    return found.rstrip("/")


def _announced(data: Path) -> str | None:
    try:
        announced = json.loads((data / "node.json").read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Misuse(f"{data / 'node.json'} cannot be read: {error}") from error
    return str(announced["url"])


def token_at_hand(data: Path) -> str:
    """$HOUSE_TOKEN, else the token the node wrote into its data directory when it first started.

    Raises:
        Misuse: neither is there.
    """
    token = os.environ.get("HOUSE_TOKEN", "").strip()
    if token:
        return token
    try:
        return (data / "operator.token").read_text(encoding="ascii").strip()
    except OSError as error:
        raise Misuse(f"no operator token: set HOUSE_TOKEN, or name the data directory ({error})") from error


@dataclass(frozen=True)
class Answer:
    """What the node said. `body` is decoded JSON, or None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any
    content: bytes

    @property
    def reason(self) -> str:
        """Why it was refused, in one line, from its problem document where there is one."""
        if not isinstance(self.body, dict):
            return f"HTTP {self.status}"
        said = [str(self.body.get(part)) for part in ("title", "detail") if self.body.get(part)]
        known = " ".join(said)
        # What the detail says already is not said again.
        wrong = [error for error in self.body.get("errors", ()) if str(error.get("detail")) not in known]
        fields = "; ".join(f"{error.get('field')}: {error.get('detail')}" for error in wrong)
        line = f"HTTP {self.status} {': '.join(said)}{f' ({fields})' if fields else ''}"
        return " ".join(line.split())


@dataclass(frozen=True)
class Api:
    """One node, spoken to with one token. Connections are shared among those made by `speaking_for`."""

    url: str
    token: str | None
    client: httpx.Client

    @staticmethod
    def at(url: str, token: str | None = None) -> Api:
        """A node at `url`. Nothing is sent yet."""
        import httpx

        # The environment's proxies are not for a node that is often on this machine.
        return Api(url, token, httpx.Client(timeout=TIMEOUT_S, trust_env=False))

    def speaking_for(self, token: str | None) -> Api:
        """The same node with another token."""
        return replace(self, token=token)

    def get(self, path: str, **query: str | int | None) -> Any:
        """The JSON that GET `path` answers.

        Raises:
            Failure: the node refused, or did not answer.
        """
        return self._held(self.ask("GET", path, query=query), "GET", path)

    def post(
        self, path: str, body: Any = None, correlation: str | None = None, key: str | None = None
    ) -> Any:
        """The JSON that POST `path` answers; with a `key`, a repeated request changes nothing more.

        Raises:
            Failure: the node refused, or did not answer.
        """
        headers = {"content-type": "application/json"}
        headers |= {"x-correlation-id": correlation} if correlation else {}
        headers |= {"idempotency-key": key} if key else {}
        answer = self.ask("POST", path, json.dumps(body or {}).encode(), headers)
        return self._held(answer, "POST", path)

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int | None] | None = None,
    ) -> Answer:
        """One request, whatever its answer.

        Raises:
            Failure: there was no answer.
        """
        import httpx

        said = dict(headers or {})
        if self.token:
            said["authorization"] = f"Bearer {self.token}"
        params = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            got = self.client.request(method, self.url + path, content=content, headers=said, params=params)
        except httpx.TransportError as error:
            raise Failure(f"no answer from {self.url}: {str(error) or type(error).__name__}") from error
        return Answer(got.status_code, got.headers, _decoded(got), got.content)

    @staticmethod
    def _held(answer: Answer, method: str, path: str) -> Any:
        if answer.status >= 400:
            raise Failure(f"{method} {path}: {answer.reason}")
        return answer.body


def _decoded(got: httpx.Response) -> Any:
    kind = got.headers.get("content-type", "").partition(";")[0].strip()
    if not got.content or not (kind == "application/json" or kind.endswith("+json")):
        return None
    try:
        return got.json()
    except ValueError:
        return None


def node(args: argparse.Namespace, token: str | None = None) -> Api:
    """The node that a command's flags name.

    Raises:
        Misuse: it is not known which node.
    """
    return Api.at(node_url(args.url, data_directory(args.data)), token)


def signed_in(args: argparse.Namespace) -> Api:
    """The node that a command's flags name, spoken to with $HOUSE_TOKEN, else as its operator.

    Raises:
        Misuse: it is not known which node, or there is no token for it.
    """
    data = data_directory(args.data)
    return Api.at(node_url(args.url, data), token_at_hand(data))

"""The load client: keep-alive connections, each sending its next request when the last is answered."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import uvloop
from msgspec import Struct

from tests.benchmarks.places import ROOT

CONNECTIONS = 32
SECRET = "a secret for benchmarks"
SIZE_BYTES = 7_000
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Request(Struct, frozen=True):
    """A request as it goes over the wire, and the digest its delivery has."""

    digest: str
    wire: bytes


class Exchange(Struct):
    """When a request was sent and answered, in seconds of the monotonic clock."""

    digest: str
    sent_s: float
    answered_s: float = 0.0
    status: bytes = b""


def payloads() -> list[dict[str, Any]]:
    """Recorded pushes of about 7 KB; where the recordings are absent, one of that size made here."""
    recorded = sorted((ROOT / "../shared/data/webhooks/push").resolve().glob("*.json"))
    bodies = [path.read_bytes() for path in recorded if 6_000 <= path.stat().st_size <= 9_000]
    if bodies:
        return [json.loads(body) for body in bodies]
    account = {"id": 7, "login": "octo", "type": "User", "name": "octo"}
    commit: dict[str, Any] = {
        "id": "1" * 40,
        "message": "n" * SIZE_BYTES,
        "timestamp": "2026-03-02T09:00:00Z",
    }
    commit |= {"added": [], "removed": [], "modified": ["README.md"], "author": {"name": "octo"}}
    repository = {"id": 1, "full_name": "octo/hello", "owner": account}
    push = {"ref": "refs/heads/main", "before": "2" * 40, "after": "1" * 40, "commits": [commit]}
    return [push | {"head_commit": commit, "repository": repository, "sender": account, "pusher": account}]


def requests(number: int) -> list[Request]:
    """As many signed deliveries, no two with the same body."""
    kinds = payloads()
    return [request(kinds[n % len(kinds)] | {"nonce": n}) for n in range(number)]


def request(payload: dict[str, Any]) -> Request:
    """The signed delivery of one push."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    signature = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    head = (
        "POST /webhooks/github HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: GitHub-Hookshot/bench\r\n"
        "accept: */*\r\ncontent-type: application/json\r\nx-github-event: push\r\n"
        f"x-hub-signature-256: sha256={signature}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return Request(sha256(body).hexdigest(), head.encode() + body)


class _Connection(asyncio.Protocol):
    """One connection; `done` is set when there is nothing left to send."""

    def __init__(self, waiting: Iterator[tuple[float, Request]], exchanges: list[Exchange]) -> None:
        self._waiting, self._exchanges, self._received = waiting, exchanges, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        self._next()

    def _next(self) -> None:
        planned = next(self._waiting, None)
        if planned is None:
            self._transport.close()
            self.done.set_result(None)
            return
        at_s, request = planned
        wait_s = at_s - time.monotonic()
        if wait_s > 0:
            asyncio.get_running_loop().call_later(wait_s, self._send, request)
        else:
            self._send(request)

    def _send(self, request: Request) -> None:
        self._current = Exchange(request.digest, time.monotonic())
        self._transport.write(request.wire)

    def data_received(self, data: bytes) -> None:
        """Note the answer when it is whole, then go on."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received)
        assert length is not None
        if len(self._received) < end + 4 + int(length[1]):
            return
        self._current.answered_s, self._current.status = time.monotonic(), self._received[9:12]
        self._exchanges.append(self._current)
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that breaks breaks the benchmark."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def send(port: int, sending: Sequence[Request], per_second: float | None = None) -> list[Exchange]:
    """Send everything, as fast as it is answered or at a steady rate.

    Raises:
        RuntimeError: an answer was not 202.
    """
    exchanges: list[Exchange] = []
    begin_s = time.monotonic()
    planned = iter(
        [(begin_s + n / per_second if per_second else 0.0, request) for n, request in enumerate(sending)]
    )

    async def everything() -> None:
        loop = asyncio.get_running_loop()
        pairs = [
            await loop.create_connection(lambda: _Connection(planned, exchanges), "127.0.0.1", port)
            for _ in range(CONNECTIONS)
        ]
        await asyncio.gather(*(protocol.done for _, protocol in pairs))

    uvloop.run(everything())
    refused = {exchange.status for exchange in exchanges} - {b"202"}
    if refused:
        raise RuntimeError(f"answered with {refused}")
    return exchanges


def rate(exchanges: Sequence[Exchange]) -> float:
    """Requests a second from the first sent to the last answered."""
    sent_s = min(exchange.sent_s for exchange in exchanges)
    return len(exchanges) / (max(exchange.answered_s for exchange in exchanges) - sent_s)

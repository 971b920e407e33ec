"""Loopback: a small HTTP server of this process, on this machine alone, for the demo and the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

BODY_BYTES_MAX = 32 * 1024 * 1024
"""Of a larger body the rest is not read."""
POLL_S = 0.02
"""How often a server looks whether it is to stop."""
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Asked(Struct, frozen=True):
    """One request; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(Struct, frozen=True):
    """One answer. After a body in pieces, or one whose length the headers state, the connection is closed."""

    status_code: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | Iterable[bytes] = b""


class Loopback:
    """A server while the `with` block lasts. It answers as `answer` says, each connection in a thread of its own."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        class Handler(_Handler):
            """Requests to this server."""

            answer_to = staticmethod(answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    answer_to: Callable[[Asked], Answer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        size_bytes = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(size_bytes, BODY_BYTES_MAX))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.answer_to(Asked(self.command, self.path, headers, body)))

    do_POST = do_GET

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        body = answer.body
        stated = any(name.lower() == "content-length" for name in answer.headers)
        if stated or not isinstance(body, bytes):
            self.send_header("Connection", "close")
        elif answer.status_code not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for piece in (body,) if isinstance(body, bytes) else body:
                self.wfile.write(piece)
        except OSError:
            # The asker has seen enough.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

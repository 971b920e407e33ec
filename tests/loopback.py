"""A real HTTP server on loopback that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Any

from shared.cli.loopback import Answer as Answer
from shared.cli.loopback import Asked as Asked
from shared.cli.loopback import Loopback as Serving


class Loopback(Serving):
    """Serves `answer` while the `with` block lasts; `asked` are the requests so far."""

    def __init__(self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []

        def remembered(asked: Asked) -> Answer:
            self.asked.append(asked)
            return answer(asked)

        super().__init__(remembered)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake


def in_json(body: Any, status_code: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status_code, {"content-type": "application/json"}, json.dumps(body).encode())

"""One request to an ASGI application, message by message, as a server would hand it over."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shared.runtime.shapes import Asgi


class Answer(Struct, frozen=True):
    """What came back. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    messages_read: int

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def drive(app: Asgi, scope: Any, receive: Any, send: Any) -> None:
    """Run the application on one scope to its end."""

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())


def ask(
    app: Asgi,
    path: str,
    body: bytes | Sequence[bytes] = b"",
    method: str = "POST",
    gone: bool = False,
    headers: Mapping[str, str | None] | None = None,
) -> Answer | None:
    """The answer, or None where there is none. A sequence is sent in parts; `gone`: the client leaves after them.

    An underscore in a header's name stands for a hyphen; a header that is None is not sent.
    """
    parts = [body] if isinstance(body, bytes) else list(body)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    if gone:
        messages.append({"type": "http.disconnect"})
    else:
        messages[-1]["more_body"] = False
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [
            (k.replace("_", "-").encode(), v.encode()) for k, v in (headers or {}).items() if v is not None
        ],
    }
    unread, sent = iter(messages), []

    async def receive() -> Any:
        return next(unread)

    async def send(message: Any) -> None:
        sent.append(message)

    drive(app, scope, receive, send)
    if not sent:
        return None
    start, *rest = sent
    return Answer(
        status=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(message["body"] for message in rest),
        messages_read=len(messages) - len(list(unread)),
    )

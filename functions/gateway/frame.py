"""What every answer carries: its correlation id, and headers that leave a browser no room for mischief."""

from typing import Any

from starlette.datastructures import MutableHeaders

from shared.domain.ids import correlation_id
from shared.runtime.edge import Edge
from shared.runtime.shapes import Asgi

POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' data:",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Frame:
    """The application inside, its answers framed."""

    def __init__(self, inner: Asgi, edge: Edge) -> None:
        self._inner, self._edge = inner, edge
        self._headers = dict(HEADERS)
        if edge.house.origin.startswith("https://"):
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
        correlation = correlation_id(given) or self._edge.fresh_id()
        scope.setdefault("state", {})["correlation"] = correlation

        async def framed(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-correlation-id", correlation)
                headers.setdefault("cache-control", "no-store")
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._inner(scope, receive, framed)

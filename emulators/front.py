"""Front: one address for those functions that have paths of their own, as a load balancer's URL map gives them one.

The longest prefix of `route.json` that a path begins with says which function answers. Requests and answers pass
through as they come; what a function refuses for its size it refuses here, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from emulators.serving import serving

ANSWER_S_MAX = 60.0
"""As long as Cloud Run waits for an answer by the route's setting."""
AT_ONCE_MAX = 256
CONNECT_S_MAX = 5.0
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
"""Headers that are for one connection alone (RFC 9110, 7.6.1)."""


class Front:
    """Hands each request to the function whose path it is. `urls` may be told later; until then nobody answers."""

    def __init__(self, route: Mapping[str, Any]) -> None:
        paths = [(path, name) for name, node in route["functions"].items() for path in node["paths"]]
        self._paths = sorted(paths, key=lambda pair: -len(pair[0]))
        self.urls: Mapping[str, str] = {}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_S_MAX, connect=CONNECT_S_MAX),
            limits=httpx.Limits(max_connections=AT_ONCE_MAX, max_keepalive_connections=AT_ONCE_MAX),
            trust_env=False,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        name = next((name for path, name in self._paths if request.url.path.startswith(path)), "")
        if name not in self.urls:
            return _problem(404, "Not found", "no function that runs here answers this path")
        headers = [(key, value) for key, value in request.headers.raw if key not in _HOP_BY_HOP]
        # Without a body there must not be an empty one in chunks.
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        query = f"?{request.url.query}" if request.url.query else ""
        asked = self._client.build_request(
            request.method,
            f"{self.urls[name]}{request.scope['raw_path'].decode()}{query}",
            headers=headers,
            content=request.stream() if has_body else None,
        )
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.TimeoutException:
            return _problem(504, "No answer", f"{name} did not answer in time")
        except httpx.TransportError:
            return _problem(502, "No answer", f"{name} does not answer")
        passed = StreamingResponse(_body(answer), answer.status_code)
        passed.raw_headers[:] = [
            (k.lower(), v) for k, v in answer.headers.raw if k.lower() not in _HOP_BY_HOP
        ]
        return passed


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


def _problem(status: int, title: str, detail: str) -> Response:
    """RFC 9457, as the functions answer."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(document, status, media_type="application/problem+json")


@contextmanager
def front(route: Mapping[str, Any], port: int = 0) -> Iterator[tuple[str, Front]]:
    """A front on loopback until the block ends; its URL.

    Raises:
        Taken: the port cannot be listened on.
    """
    answering = Front(route)
    with serving(answering, port) as url:
        yield url, answering

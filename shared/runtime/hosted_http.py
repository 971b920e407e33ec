"""A hosted function's HTTP side.

    POST /            a push of Pub/Sub, in any of its shapes: 204 once what came of it is durable
    POST /tick        all that time brings: what a crash left unpublished, due streams, draws, errands
    POST /draw, /errand    only those
    POST /redrive     `{"stream": "parked/…"}`: handle a parked input again; `{"went_through": …}`, or 409
    GET  /healthz     of a function without an HTTP side of its own
    anything else     the function's own HTTP side

A push that is not answered with success comes again, so a failure is never said to be the push's: it is 503 when it
may pass, and 500 for a bug. What holds no event at all gets a 400, stays with Pub/Sub and can be seen there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.pubsub import fetched
from shared.domain.cloudevents import NotAnEvent, from_push
from shared.runtime.callers import Callers, Unwelcome
from shared.runtime.hosted import Hosted
from shared.runtime.hosted_edge import HostedEdge
from shared.runtime.lanes import Full
from shared.runtime.logs import log, place
from shared.runtime.others import REDRIVE, Others
from shared.runtime.shapes import Asgi

BODY_BYTES_MAX = 16 * 1024 * 1024
"""A message of Pub/Sub has 10 MB at most, and a third more in base64."""
RETRY_AFTER_S = 5
_PUSH = "/"


class Elsewhere(Response):
    """The answer that an ASGI application gives to the request as it came."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand the request over."""
        await self._app(scope, receive, send)


class Host:
    """Answers the requests to one function. `callers` are who may push, tick and redrive; None: anyone who can.

    `others` are the functions of other processes, `functions` the names of all.
    """

    def __init__(
        self, hosted: Hosted, callers: Callers | None, others: Others, functions: Sequence[str]
    ) -> None:
        self._hosted, self._callers, self._others = hosted, callers, others
        self._steps: dict[str, tuple[Callable[[], Awaitable[None]], ...]] = {
            "/tick": (hosted.wake, hosted.draw, hosted.errand, hosted.tidy),
            "/draw": (hosted.draw,),
            "/errand": (hosted.errand,),
        }
        self._ours = {*self._steps, REDRIVE, *((_PUSH,) if hosted.function.readers else ())}
        self._routes = self._apps(functions)

    def _apps(self, functions: Sequence[str]) -> list[tuple[str, Asgi]]:
        routes: list[tuple[str, Asgi]] = []
        hosted = self._hosted
        for intake in hosted.function.intakes:
            edge = HostedEdge(
                hosted.shell,
                intake,
                hosted.secrets,
                hosted.gateways,
                functions,
                hosted.submit,
                hosted.troubles,
                self._redrive_anywhere,
            )
            app = intake.app(edge)
            routes.extend((path, app) for path in intake.paths)
        return sorted(routes, key=lambda route: -len(route[0]))

    async def answer(self, request: Request) -> Response:
        """The answer to one request."""
        path = request.url.path
        if request.method == "POST" and path in self._ours:
            return await self._called(request, path)
        for prefix, app in self._routes:
            if path.startswith(prefix):
                return Elsewhere(app)
        return Response(status_code=200 if path == "/healthz" else 404)

    async def _called(self, request: Request, path: str) -> Response:
        """Do what the platform asks for, if it is the platform that asks."""
        name = self._hosted.function.name
        try:
            if self._callers is not None:
                await asyncio.to_thread(self._callers.check, request.headers.get("authorization", ""))
            if path == _PUSH:
                return await self._push(request)
            if path == REDRIVE:
                return await self._redrive(await _body(request))
            await self._hosted.tick(self._steps[path])
        except Unwelcome:
            return Response("not for you", 401, {"www-authenticate": "Bearer"})
        except NotAnEvent as error:
            log("bug", "a push that is no event", name, error=str(error)[:500])
            return Response("no event", 400)
        except (TimeoutError, Full):
            return Response("not now", 503, {"retry-after": str(RETRY_AFTER_S)})
        except Exception as error:
            log("bug", f"POST {path} failed", name, error=place(error))
            return Response("a bug", 500)
        return Response(status_code=204)

    async def _push(self, request: Request) -> Response:
        carried = from_push(request.headers, await _body(request))
        event = carried.event
        # Of the types its topics carry a function reads a few; the others need no body.
        if self._hosted.shell.concerns(event.type):
            if carried.dataref is not None:
                event = await asyncio.to_thread(fetched, carried, self._hosted.shell.ports.bucket)
            await self._hosted.handle(event)
        return Response(status_code=204)

    async def _redrive(self, body: bytes) -> Response:
        try:
            letter = msgspec.json.decode(body, type=dict[str, str])["stream"]
        except (msgspec.MsgspecError, KeyError):
            return Response("expected a stream", 400)
        try:
            went_through = await asyncio.to_thread(self._hosted.redrive, letter)
        except KeyError as error:
            return _json({"detail": str(error.args[0])}, 409)
        return _json({"went_through": went_through})

    def _redrive_anywhere(self, function: str, letter: str) -> bool:
        """Redrive in whichever process the function lives; for any thread but the server's.

        Raises:
            KeyError: there is nothing to redrive, or no way to that function.
            TimeoutError: the function does not answer as it should.
        """
        if function == self._hosted.function.name:
            return self._hosted.redrive(letter)
        return self._others.redrive(function, letter)


async def _body(request: Request) -> bytes:
    """The request's body.

    Raises:
        NotAnEvent: it is larger than any push.
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BODY_BYTES_MAX:
            raise NotAnEvent(f"a body of more than {BODY_BYTES_MAX} bytes")
    return bytes(received)


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")

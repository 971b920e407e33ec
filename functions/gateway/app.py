"""The gateway as one ASGI application: each route's token, body and query are checked, then its handler is asked.

Handlers run in threads, as views read from the disk; what they want appended is submitted here, and answered when it
is durable.
"""

import inspect
import re
import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext, suppress
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from functions.gateway.auth import caller, require
from functions.gateway.call import Answer, Call, Outcome, Route, Submit
from functions.gateway.downloads import Downloads
from functions.gateway.forms import FIELD, refuse_foreign, refuse_forged
from functions.gateway.frame import Frame
from functions.gateway.problems import bad_fields, conditional, of_status, refusal, repeated
from functions.gateway.reading import BODY_BYTES_MAX, Uploads, body_of, commit_of, discard, form_of, upload_of
from functions.gateway.routes import ROUTES
from shared.domain.ids import uuid5
from shared.runtime.edge import Edge, Rejection, Submission
from shared.runtime.logs import log
from shared.runtime.shapes import Asgi

# A key's fingerprint may hold slashes, which arrive decoded.
_WITH_SLASHES = ("{fingerprint}", "{fingerprint:path}")
_KEY = re.compile(r"[!-~]{1,128}")


def app(edge: Edge) -> Asgi:
    """The application that submits and reads through `edge`."""
    uploads, downloads = Uploads(), Downloads()
    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.method] = route
    paths = [
        Path(path.replace(*_WITH_SLASHES), Endpoint(edge, routes, uploads, downloads))
        for path, routes in by_path.items()
    ]

    async def unknown(request: Request, _: Exception) -> Response:
        """Endpoints refuse by themselves: what is left is a path that there is not."""
        return await refusal(of_status(404), request, edge, page=False)

    inner = Starlette(routes=paths, exception_handlers={HTTPException: unknown})
    inner.router.redirect_slashes = False
    return Frame(inner, edge)


class Endpoint:
    """One path: its routes by method, as ASGI."""

    def __init__(self, edge: Edge, routes: dict[str, Route], uploads: Uploads, downloads: Downloads) -> None:
        self._edge, self._routes = edge, routes
        self._uploads, self._downloads = uploads, downloads

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        # What takes too long to send ends in the middle, which shows that it is not whole.
        with suppress(TimeoutError):
            async with AsyncExitStack() as turns:
                await (await self._respond(request, turns))(scope, receive, send)

    async def _respond(self, request: Request, turns: AsyncExitStack) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        route = self._routes.get(method)
        if route is None:
            return await refusal(of_status(405), request, self._edge, page=False, allow=sorted(self._routes))
        try:
            return await self._answer(route, request, turns)
        except Rejection as rejection:
            return await refusal(rejection, request, self._edge, page=route.page)
        except TimeoutError:
            away = Rejection(503, "Store away", "the House cannot read or write just now", retry_after_s=2)
            return await refusal(away, request, self._edge, page=route.page)
        except Exception as error:
            correlation = request.state.correlation
            # The frames without the message, which may hold somebody's text.
            stack = "".join(traceback.format_tb(error.__traceback__)[-8:])
            name = type(error).__name__
            log("bug", "request failed", "gateway", correlation, error=name, path=route.path, stack=stack)
            detail = "a bug in the House; its log knows more under this correlation id"
            return await refusal(Rejection(500, "Bug", detail), request, self._edge, page=route.page)

    async def _answer(self, route: Route, request: Request, turns: AsyncExitStack) -> Response:
        edge, headers, browsing = self._edge, dict(request.headers), route.method == "GET" or route.form
        known = await run_in_threadpool(caller, edge, headers, request.cookies, browsing=browsing)
        if route.roles is not None:
            if route.page and known is None:
                return conditional(_to_sign_in(request), headers)
            require(known, route.roles)
        key = _idempotency_key(route, headers)
        call = Call(
            edge=edge,
            correlation=request.state.correlation,
            now_us=edge.clock.now_us(),
            input_id=uuid5("gateway", known.digest if known else "", key) if key else edge.fresh_id(),
            path=request.path_params,
            headers=headers,
            known=known,
            cookies=request.cookies,
        )
        if route.download:
            await turns.enter_async_context(self._downloads.one(call.who.subject))
        async with self._uploads.one() if route.octets or _uploads(route, request) else nullcontext():
            given = await self._given(route, request, call)
            handler: Any = route.handler
            waits = inspect.iscoroutinefunction(handler)
            asked = handler(call, *given) if waits else run_in_threadpool(handler, call, *given)
            outcome: Outcome = await asked
        answer = await self._submitted(call, outcome) if isinstance(outcome, Submit) else outcome
        return conditional(answer, headers)

    async def _given(self, route: Route, request: Request, call: Call) -> Sequence[Any]:
        """The second argument of the route's handler, where it has one."""
        try:
            if route.query is not None:
                return [route.query.model_validate(_once_each(request))]
            if _uploads(route, request):
                return [await upload_of(request)]
            if route.form:
                fields = await form_of(request, BODY_BYTES_MAX)
                word = str(fields.pop(FIELD, ""))
                if call.known is None:
                    refuse_foreign(call)
                else:
                    refuse_forged(call, word)
                return [route.body.model_validate(fields)]
            if route.octets:
                return [await commit_of(request)]
            if route.body is not None:
                return [await body_of(route.body, request)]
        except ValidationError as error:
            raise bad_fields(error) from error
        if route.method != "GET":
            await discard(request)
        return []

    async def _submitted(self, call: Call, wanted: Submit) -> Answer:
        receipt = await self._edge.submit(
            Submission(wanted.input_id or call.input_id, call.correlation, call.now_us, wanted.events)
        )
        if receipt.duplicate and wanted.once:
            raise wanted.once
        if receipt.duplicate and not repeated(wanted.events, receipt.events):
            detail = "this Idempotency-Key was used for another request"
            raise Rejection(422, "Key used", detail, [("Idempotency-Key", detail)])
        answer = wanted.answer(receipt)
        return Answer(
            answer.body,
            answer.status,
            answer.media_type,
            {**answer.headers, "x-correlation-id": receipt.correlation},
        )


def _uploads(route: Route, request: Request) -> bool:
    return route.upload and request.headers.get("content-type", "").lower().startswith("multipart/")


def _once_each(request: Request) -> dict[str, str]:
    """The query's parameters; an empty one counts as not given, as forms send those."""
    twice = [name for name in request.query_params if len(request.query_params.getlist(name)) > 1]
    if twice:
        raise Rejection(400, "Bad request", f"{twice[0]}: given twice", [(twice[0], "given twice")])
    return {name: value for name, value in request.query_params.items() if value}


def _idempotency_key(route: Route, headers: dict[str, str]) -> str | None:
    key = headers.get("idempotency-key")
    if key is None or route.method != "POST":
        return None
    if not _KEY.fullmatch(key):
        detail = "expected 1 to 128 visible ASCII characters"
        raise Rejection(400, "Bad request", f"Idempotency-Key: {detail}", [("Idempotency-Key", detail)])
    return key


def _to_sign_in(request: Request) -> Answer:
    # A form is not sent again by itself: it was on the page about oneself.
    following = "/me" if request.method == "POST" else request.url.path
    return Answer(status=303, headers={"location": f"/sign-in?next={quote(following, safe='/')}"})

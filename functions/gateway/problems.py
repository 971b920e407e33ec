"""From outcomes to HTTP: answers with their validators, refusals as RFC 9457 problems or, on pages, as a page."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from functions.gateway.auth import COOKIE, Caller, by_session
from functions.gateway.call import HTML, PROBLEM, Answer
from shared.domain.event import Event, Recorded, type_of
from shared.runtime.edge import Edge, Rejection

_DETAILS = {
    404: "there is nothing here; /openapi.json lists what there is",
    405: "this path does not take that method",
}


def of_status(status: int) -> Rejection:
    """The refusal that a status by itself stands for."""
    return Rejection(status, HTTPStatus(status).phrase, _DETAILS.get(status, HTTPStatus(status).description))


def bad_fields(error: ValidationError) -> Rejection:
    """Each wrong field by its name, with what was expected."""
    fields = [
        # A part with a space names an alternative of a union, not a field.
        (
            ".".join(str(part) for part in wrong["loc"] if " " not in str(part)),
            wrong["msg"].removeprefix("Value error, "),
        )
        for wrong in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    field, detail = fields[0]
    return Rejection(400, "Bad request", f"{field}: {detail}" if field else detail, fields)


def conditional(answer: Answer, headers: dict[str, str]) -> Response:
    """The answer, or 304 when the sender has it already."""
    body = answer.body.model_dump_json().encode() if isinstance(answer.body, BaseModel) else answer.body
    carried = dict(answer.headers)
    if not isinstance(body, bytes):
        return StreamingResponse(body, answer.status, {**carried, "content-type": answer.media_type})
    if answer.etag is not None:
        carried["etag"] = f'"{answer.etag}"'
        carried.setdefault("cache-control", "private, no-cache")
        if _has(headers.get("if-none-match"), carried["etag"]):
            return Response(status_code=304, headers=carried)
    if answer.status in (204, 303):
        return Response(status_code=answer.status, headers=carried)
    # Set by hand: given as media_type, Starlette would add a charset to JSON's cousins.
    carried["content-type"] = answer.media_type
    return Response(body, answer.status, carried)


def _has(given: str | None, etag: str) -> bool:
    """Whether If-None-Match names the validator (RFC 9110, section 13.1.2: weak comparison)."""
    if given is None or len(given) > 4_096:
        return False
    return given.strip() == "*" or etag in re.findall(r'"[^"]*"', given)


async def refusal(
    rejection: Rejection, request: Request, edge: Edge, *, page: bool, allow: Sequence[str] = ()
) -> Response:
    """The refusal as a problem document, or as a page for whoever reads pages."""
    headers: dict[str, str] = {}
    if rejection.status == 401:
        headers["www-authenticate"] = 'Bearer realm="house"'
    if allow:
        headers["allow"] = ", ".join(allow)
    if rejection.status == 413:
        # The rest of the body is not read, so the connection cannot be used again.
        headers["connection"] = "close"
    if rejection.retry_after_s is not None:
        headers["retry-after"] = str(rejection.retry_after_s)
    correlation: str = request.state.correlation
    wants_page = page or (
        not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
    )
    if wants_page:
        from functions.gateway.pages import problem

        # A page that says why something failed must not fail for the same reason.
        well = rejection.status < 500
        known = await run_in_threadpool(_signed_in, edge, request.cookies) if well else None
        body, media_type = problem(rejection, correlation, edge, known, request.cookies), HTML
    else:
        body, media_type = rejection.document(correlation), PROBLEM
    return Response(body, rejection.status, {**headers, "content-type": media_type})


def _signed_in(edge: Edge, cookies: Mapping[str, str]) -> Caller | None:
    """Whose browser it is, as far as that can be read now."""
    try:
        return by_session(edge, cookies.get(COOKIE))
    except TimeoutError:
        return None


def repeated(asked: Sequence[tuple[str, Event]], kept: Sequence[Recorded]) -> bool:
    """Whether what is asked is what was recorded before, but for the instant of asking."""
    if len(asked) != len(kept):
        return False
    return all(
        (stream, type_of(body).name) == (event.stream, event.type)
        and _timeless(msgspec.json.encode(body)) == _timeless(event.data)
        for (stream, body), event in zip(asked, kept, strict=True)
    )


def _timeless(data: bytes) -> dict[str, object]:
    fields: dict[str, object] = msgspec.json.decode(data)
    return {name: value for name, value in fields.items() if not name.endswith("_at_us")}

"""The JSON API's form: what a request says, and how resources, bytes and refusals are answered.

See https://cloud.google.com/storage/docs/json_api. A parameter that is not known here is refused, not overlooked.
"""

from __future__ import annotations

import json
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulators.resources import Conditions, Refused, Resource

BODY_BYTES_MAX = 256 * 1024 * 1024
_CONDITIONS = (
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
)
_PARAMETERS = {
    *_CONDITIONS,
    *("alt", "prettyPrint", "projection", "fields", "project", "generation", "sourceGeneration"),
    *("versions", "prefix", "delimiter", "maxResults", "pageToken", "uploadType", "upload_id", "name"),
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def check_parameters(request: Request) -> None:
    """Refuse what is not known here.

    Raises:
        Refused: naming the first such parameter.
    """
    if unknown := sorted(set(request.query_params) - _PARAMETERS):
        raise Refused(501, "notImplemented", f"this emulator does not know the parameter {unknown[0]}")


async def body(request: Request) -> bytes:
    """The whole body.

    Raises:
        Refused: it is too large.
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BODY_BYTES_MAX:
            raise Refused(413, "uploadTooLarge", f"this emulator takes {BODY_BYTES_MAX} bytes at most")
    return bytes(received)


def document(text: bytes) -> Resource:
    """The resource in a body; an empty body is an empty one.

    Raises:
        Refused: it is no JSON object.
    """
    try:
        resource = json.loads(text or b"{}")
    except ValueError as error:
        raise Refused(400, "parseError", "Parse Error") from error
    if not isinstance(resource, dict):
        raise Refused(400, "parseError", "Parse Error")
    return resource


def number(request: Request, parameter: str) -> int | None:
    """A parameter that is a number, None where it is not given.

    Raises:
        Refused: it is no number.
    """
    text = request.query_params.get(parameter)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Refused(400, "invalid", f"Invalid value for {parameter}") from error


def conditions(request: Request) -> Conditions:
    """The preconditions that the parameters state."""
    return Conditions(*(number(request, parameter) for parameter in _CONDITIONS))


def no_method(request: Request) -> Refused:
    """What is said to a method that a path does not have."""
    return Refused(501, "notImplemented", f"this emulator has no {request.method} {request.url.path}")


def answer(request: Request, resource: Resource) -> Response:
    """A resource, or those of its fields that were asked for."""
    fields = request.query_params.get("fields")
    return JSONResponse(resource if fields is None else _selected(resource, fields))


def _selected(resource: Resource, fields: str) -> Resource:
    """The part of an answer that `fields` asks for: `a,b(c,d)`, one level deep, as listings are asked."""
    found: Resource = {}
    for field, inner in re.findall(r"([A-Za-z0-9]+)(?:\(([^()]*)\))?", fields):
        if field not in resource:
            continue
        found[field] = [_selected(item, inner) for item in resource[field]] if inner else resource[field]
    return found


def media(request: Request, resource: Resource, data: bytes) -> Response:
    """An object's bytes, or the one range of them that was asked for."""
    headers = {
        "x-goog-hash": f"crc32c={resource['crc32c']},md5={resource['md5Hash']}",
        "x-goog-generation": resource["generation"],
        "x-goog-metageneration": resource["metageneration"],
        "x-goog-storage-class": resource["storageClass"],
        "x-goog-stored-content-length": resource["size"],
        "x-goog-stored-content-encoding": "identity",
        "etag": resource["etag"],
        "accept-ranges": "bytes",
        "content-type": resource["contentType"],
    }
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or asked[0] == "bytes=-":
        return Response(data, headers=headers)
    first = int(asked[1]) if asked[1] else max(0, len(data) - int(asked[2]))
    last = min(len(data) - 1, int(asked[2])) if asked[1] and asked[2] else len(data) - 1
    if first > last:
        return Response(status_code=416, headers={"content-range": f"bytes */{len(data)}"})
    headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], status_code=206, headers=headers)


def refusal(request: Request, refused: Refused) -> Response:
    """An error document, or the bare message where bytes were asked for, as the service does."""
    if refused.status == 304:
        return Response(status_code=304)
    if request.query_params.get("alt") == "media":
        return Response(refused.message, refused.status, media_type="text/html")
    error = {"message": refused.message, "domain": "global", "reason": refused.reason}
    return JSONResponse(
        {"error": {"code": refused.status, "message": refused.message, "errors": [error]}}, refused.status
    )

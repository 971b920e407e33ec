"""Reading bodies: never more than their limit, refused as early as it is known."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from functions.gateway.api_briefs import Upload
from functions.gateway.bodies import NewCommit, NewImage
from functions.gateway.call import bad
from functions.gateway.images import SIZE_BYTES_MAX
from shared.domain.commits import COMMIT_BYTES_MAX
from shared.runtime.edge import Rejection

BODY_BYTES_MAX = 64 * 1024
UPLOAD_BYTES_MAX = SIZE_BYTES_MAX + BODY_BYTES_MAX
COMMIT_BODY_BYTES_MAX = COMMIT_BYTES_MAX * 4 // 3 + 1024
FIELDS_MAX = 128
_UTF_8 = re.compile(r';\s*charset="?utf-8"?\s*(?=;|$)')
UPLOADS_MAX, UPLOADS_WAITING_MAX = 2, 16
M = TypeVar("M", bound=BaseModel)


class Uploads:
    """Turns at uploading: `UPLOADS_MAX` at a time, as each is held and decoded in memory; a few more wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(UPLOADS_MAX)
        self._here = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """One turn. Its body is read, and its handler asked, inside.

        Raises:
            Rejection: 429, there are too many waiting already.
        """
        if self._here >= UPLOADS_MAX + UPLOADS_WAITING_MAX:
            raise Rejection(429, "Too many uploads", f"{UPLOADS_MAX} at a time", retry_after_s=1)
        self._here += 1
        try:
            async with self._turns:
                yield
        finally:
            self._here -= 1


async def body_of(model: type[M], request: Request, bytes_max: int = BODY_BYTES_MAX) -> M:
    """The JSON body as the model says; no body is an empty object.

    Raises:
        Rejection: 413, 415.
        ValidationError: it is not JSON, or not as the model says.
    """
    raw = await _read(request, bytes_max)
    if raw and _media_type(request) != "application/json":
        detail = "expected application/json"
        raise Rejection(415, "Unsupported media type", f"Content-Type: {detail}", [("Content-Type", detail)])
    return model.model_validate_json(raw or b"{}")


async def commit_of(request: Request) -> NewCommit:
    """A raw commit: the body as it is, or in base64 within JSON.

    Raises:
        Rejection: 413, 415.
        ValidationError: it is not JSON, or not as the model says.
    """
    if _media_type(request) == "application/octet-stream":
        return NewCommit.model_construct(commit=await _read(request, COMMIT_BYTES_MAX))
    return await body_of(NewCommit, request, COMMIT_BODY_BYTES_MAX)


async def discard(request: Request) -> None:
    """Read what nobody asked for, so that the connection can go on.

    Raises:
        Rejection: 413.
    """
    await _read(request, BODY_BYTES_MAX)


async def upload_of(request: Request) -> Upload:
    """The image of a form, with the fields beside it.

    Raises:
        Rejection: 400, 413.
        ValidationError: a field is not as it should be.
    """
    form = await form_of(request, UPLOAD_BYTES_MAX, files=1)
    file = form.pop("file", None)
    fields = NewImage.model_validate(form)
    if not isinstance(file, UploadFile):
        raise bad("file", "missing")
    data = await file.read()
    if len(data) > SIZE_BYTES_MAX:
        detail = f"an image may have {SIZE_BYTES_MAX:,} bytes"
        raise Rejection(413, "Body too large", detail, [("file", detail)])
    return Upload(fields, data)


async def form_of(request: Request, bytes_max: int, files: int = 0) -> dict[str, Any]:
    """The fields of a form, which are UTF-8; one that is given several times is a list.

    Raises:
        Rejection: 400, 413, 415.
    """
    stated = request.headers.get("content-type", "").lower()
    if stated.count("charset") != len(_UTF_8.findall(stated)):
        # Python knows codecs that make of a few bytes what is no text, or take long over it.
        detail = "expected a form in UTF-8"
        raise Rejection(415, "Unsupported media type", f"Content-Type: {detail}", [("Content-Type", detail)])
    raw = await _read(request, bytes_max)

    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    again = Request(request.scope, replay)
    try:
        # A file of that size stays in memory, where it is already.
        form = await again.form(max_files=files, max_fields=FIELDS_MAX, max_part_size=BODY_BYTES_MAX)
    except (HTTPException, ValueError, KeyError) as error:
        detail = error.detail if isinstance(error, HTTPException) else "the form cannot be read"
        raise Rejection(400, "Malformed form", detail) from error
    every = {name: form.getlist(name) for name in form}
    return {name: values[0] if len(values) == 1 else values for name, values in every.items()}


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request, bytes_max: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and (len(declared) > 15 or int(declared) > bytes_max):
        raise _too_large(bytes_max)
    parts = bytearray()
    try:
        async for part in request.stream():
            parts += part
            if len(parts) > bytes_max:
                raise _too_large(bytes_max)
    except ClientDisconnect as error:
        raise Rejection(400, "Cut short", "the body ended before it was complete") from error
    return bytes(parts)


def _too_large(bytes_max: int) -> Rejection:
    return Rejection(413, "Body too large", f"a body may have {bytes_max:,} bytes here")

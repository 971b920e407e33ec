"""Storage: a small Google Cloud Storage that speaks the JSON API over HTTP and enforces what it promises.

PyPI's emulators ignore preconditions, paging, storage classes and versions, which is all a create-only archive
relies on. What this one does not do it refuses with 501, so that nothing passes here by being overlooked.
Run by hand: `python -m emulators.storage --port 9023 --bucket house-archive --data .house/storage.sqlite`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulators.objects import COPIED_FIELDS, PAGE_MAX, Conditions, Objects, Refused, Resource
from emulators.serving import listen, server, serving
from emulators.uploads import Upload, Uploads, parts

BODY_BYTES_MAX = 256 * 1024 * 1024
_ROUTE = re.compile(
    r"/(?P<kind>|upload/|download/)storage/v1/b"
    r"(/(?P<bucket>[^/]+)(?P<objects>/o(/(?P<name>[^/]+)(/rewriteTo/b/(?P<to_bucket>[^/]+)/o/(?P<to_name>[^/]+))?)?)?)?"
)
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
_HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Storage:
    """The service as an ASGI application."""

    def __init__(self, objects: Objects) -> None:
        self.objects, self._uploads = objects, Uploads()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        route = _ROUTE.fullmatch(scope["raw_path"].decode("ascii"))
        try:
            if route is None:
                raise Refused(501, "notImplemented", f"this emulator has no {request.url.path}")
            if unknown := sorted(set(request.query_params) - _PARAMETERS):
                raise Refused(
                    501, "notImplemented", f"this emulator does not know the parameter {unknown[0]}"
                )
            part = {key: unquote(value) for key, value in route.groupdict().items() if value is not None}
            answer = self._answer(request, part, await _body(request))
        except Refused as refused:
            answer = _refusal(request, refused)
        await answer(scope, receive, send)

    def _answer(self, request: Request, part: dict[str, str], body: bytes) -> Response:
        if part["kind"] == "upload/":
            return self._upload(request, part["bucket"], body)
        if "to_name" in part:
            return self._rewrite(request, part, body)
        if "name" in part:
            return self._object(request, part["bucket"], part["name"], body)
        if "objects" in part:
            return self._list(request, part["bucket"])
        return self._bucket(request, part.get("bucket"), body)

    def _bucket(self, request: Request, name: str | None, body: bytes) -> Response:
        match request.method, name:
            case "GET", None:
                items = self.objects.buckets(request.query_params.get("prefix", ""))
                return _json(request, {"kind": "storage#buckets", "items": items})
            case "POST", None:
                return _json(request, self.objects.create_bucket(_document(body)))
            case "GET", str():
                return _json(request, self.objects.bucket(name))
            case "PATCH", str():
                return _json(request, self.objects.change_bucket(name, _document(body)))
            case "DELETE", str():
                self.objects.delete_bucket(name)
                return Response(status_code=204)
        raise _no_method(request)

    def _list(self, request: Request, bucket: str) -> Response:
        if request.method != "GET":
            raise _no_method(request)
        asked = request.query_params
        page = self.objects.list(
            bucket,
            prefix=asked.get("prefix", ""),
            delimiter=asked.get("delimiter", ""),
            versions=asked.get("versions", "").lower() == "true",
            token=asked.get("pageToken"),
            limit=max(1, min(PAGE_MAX, _number(request, "maxResults") or PAGE_MAX)),
        )
        found: Resource = {"kind": "storage#objects"}
        if page.items:
            found["items"] = page.items
        if page.prefixes:
            found["prefixes"] = page.prefixes
        if page.next_token:
            found["nextPageToken"] = page.next_token
        return _json(request, found)

    def _object(self, request: Request, bucket: str, name: str, body: bytes) -> Response:
        generation, conditions = _number(request, "generation"), _conditions(request)
        match request.method:
            case "GET":
                resource = self.objects.get(bucket, name, generation, conditions)
                if request.query_params.get("alt") == "media":
                    return _media(request, resource, self.objects.data(resource))
                return _json(request, resource)
            case "DELETE":
                self.objects.delete(bucket, name, generation, conditions)
                return Response(status_code=204)
            case "PATCH":
                changes = _document(body)
                return _json(request, self.objects.change(bucket, name, generation, changes, conditions))
        raise _no_method(request)

    def _rewrite(self, request: Request, part: dict[str, str], body: bytes) -> Response:
        """Copy an object, perhaps onto itself with another storage class; always whole in one call."""
        generation = _number(request, "sourceGeneration")
        source = self.objects.get(part["bucket"], part["name"], generation, Conditions())
        # Clients send the whole resource as they know it; what only the server gives is not asked of it.
        asked = _document(body)
        given: Resource = {field: source[field] for field in COPIED_FIELDS & set(source)}
        given |= {field: asked[field] for field in (COPIED_FIELDS | {"storageClass"}) & set(asked)}
        given["name"] = part["to_name"]
        data = self.objects.data(source)
        copy = self.objects.insert(part["to_bucket"], given, data, _conditions(request))
        size = str(len(data))
        done = {"kind": "storage#rewriteResponse", "done": True, "totalBytesRewritten": size}
        return _json(request, {**done, "objectSize": size, "resource": copy})

    def _upload(self, request: Request, bucket: str, body: bytes) -> Response:
        kind = request.query_params.get("uploadType")
        if request.method == "PUT" and kind == "resumable":
            return self._continue(request, bucket, body)
        if request.method != "POST":
            raise _no_method(request)
        named = {"name": request.query_params["name"]} if "name" in request.query_params else {}
        if kind == "media":
            given: Resource = {"contentType": request.headers.get("content-type", "application/octet-stream")}
            return self._insert(request, bucket, {**given, **named}, body, _conditions(request))
        if kind == "multipart":
            document, media_type, data = parts(request.headers.get("content-type", ""), body)
            given = {"contentType": media_type, **_document(document), **named}
            return self._insert(request, bucket, given, data, _conditions(request))
        if kind != "resumable":
            raise Refused(400, "invalid", f"Unknown uploadType {kind!r}")
        media_type = request.headers.get("x-upload-content-type", "application/octet-stream")
        upload = Upload(bucket, {"contentType": media_type, **_document(body), **named}, _conditions(request))
        self.objects.check(bucket, upload.given, upload.conditions)
        session = self._uploads.begin(uuid4().hex, upload)
        return Response(headers={"location": f"{request.url}&upload_id={session}"})

    def _continue(self, request: Request, bucket: str, body: bytes) -> Response:
        session = request.query_params.get("upload_id", "")
        upload = self._uploads.take(session, request.headers.get("content-range", ""), body)
        if upload.complete:
            answer = self._insert(request, bucket, upload.given, bytes(upload.data), upload.conditions)
            self._uploads.end(session)
            return answer
        headers = {"range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
        return Response(status_code=308, headers=headers)

    def _insert(
        self, request: Request, bucket: str, given: Resource, data: bytes, conditions: Conditions
    ) -> Response:
        stated = dict(
            pair.split("=", 1) for pair in request.headers.get("x-goog-hash", "").split(",") if pair
        )
        for header, field in (("crc32c", "crc32c"), ("md5", "md5Hash")):
            if header in stated:
                given = {**given, field: stated[header]}
        return _json(request, self.objects.insert(bucket, given, data, conditions))


async def _body(request: Request) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BODY_BYTES_MAX:
            raise Refused(413, "uploadTooLarge", f"this emulator takes {BODY_BYTES_MAX} bytes at most")
    return bytes(received)


def _document(body: bytes) -> Resource:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise Refused(400, "parseError", "Parse Error") from error
    if not isinstance(document, dict):
        raise Refused(400, "parseError", "Parse Error")
    return document


def _number(request: Request, parameter: str) -> int | None:
    text = request.query_params.get(parameter)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Refused(400, "invalid", f"Invalid value for {parameter}") from error


def _conditions(request: Request) -> Conditions:
    return Conditions(*(_number(request, parameter) for parameter in _CONDITIONS))


def _no_method(request: Request) -> Refused:
    return Refused(501, "notImplemented", f"this emulator has no {request.method} {request.url.path}")


def _json(request: Request, resource: Resource) -> Response:
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


def _media(request: Request, resource: Resource, data: bytes) -> Response:
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


def _refusal(request: Request, refused: Refused) -> Response:
    """An error document, or the bare message where bytes were asked for, as the service does."""
    if refused.status == 304:
        return Response(status_code=304)
    if request.query_params.get("alt") == "media":
        return Response(refused.message, refused.status, media_type="text/html")
    error = {"message": refused.message, "domain": "global", "reason": refused.reason}
    return JSONResponse(
        {"error": {"code": refused.status, "message": refused.message, "errors": [error]}}, refused.status
    )


@contextmanager
def storage(buckets: Sequence[str] = (), path: Path | None = None) -> Iterator[str]:
    """A server in this process, on a free port, with these buckets; its URL, for `STORAGE_EMULATOR_HOST`."""
    objects = Objects(path)
    _create(objects, buckets)
    try:
        with serving(Storage(objects)) as url:
            yield url
    finally:
        objects.close()


def _create(objects: Objects, buckets: Sequence[str]) -> None:
    there = {bucket["name"] for bucket in objects.buckets("")}
    for name in buckets:
        if name not in there:
            objects.create_bucket({"name": name})


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the first line of the output is the URL."""
    parser = argparse.ArgumentParser(prog="python -m emulators.storage", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--data", type=Path, help="an SQLite file that outlives the server (default: memory)")
    parser.add_argument("--bucket", action="append", default=[], help="a bucket to create; may be repeated")
    chosen = parser.parse_args(arguments)
    objects = Objects(chosen.data)
    _create(objects, chosen.bucket)
    listening = listen(chosen.port)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    try:
        server(Storage(objects)).run(sockets=[listening])
    finally:
        objects.close()


if __name__ == "__main__":
    main()

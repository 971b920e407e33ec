"""Storage: a small Google Cloud Storage that speaks the JSON API over HTTP and enforces what it promises.

PyPI's emulators ignore preconditions, paging, storage classes and versions, which is all a create-only archive
relies on. What this one does not do it refuses with 501, so that nothing passes here by being overlooked.
Run by hand: `python -m emulators.storage --port 9023 --bucket house-archive --data .house/storage.sqlite`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from emulators import json_api as api
from emulators.objects import PAGE_MAX, Objects
from emulators.resources import COPIED_FIELDS, Conditions, Refused, Resource
from emulators.serving import listen, server, serving
from emulators.uploads import Upload, Uploads, parts

_ROUTE = re.compile(
    r"/(?P<kind>|upload/|download/)storage/v1/b"
    r"(/(?P<bucket>[^/]+)(?P<objects>/o(/(?P<name>[^/]+)(/rewriteTo/b/(?P<to_bucket>[^/]+)/o/(?P<to_name>[^/]+))?)?)?)?"
)


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
            api.check_parameters(request)
            part = {key: unquote(value) for key, value in route.groupdict().items() if value is not None}
            answer = self._answer(request, part, await api.body(request))
        except Refused as refused:
            answer = api.refusal(request, refused)
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
                return api.answer(request, {"kind": "storage#buckets", "items": items})
            case "POST", None:
                return api.answer(request, self.objects.create_bucket(api.document(body)))
            case "GET", str():
                return api.answer(request, self.objects.bucket(name))
            case "PATCH", str():
                return api.answer(request, self.objects.change_bucket(name, api.document(body)))
            case "DELETE", str():
                self.objects.delete_bucket(name)
                return Response(status_code=204)
        raise api.no_method(request)

    def _list(self, request: Request, bucket: str) -> Response:
        if request.method != "GET":
            raise api.no_method(request)
        asked = request.query_params
        page = self.objects.list(
            bucket,
            prefix=asked.get("prefix", ""),
            delimiter=asked.get("delimiter", ""),
            versions=asked.get("versions", "").lower() == "true",
            token=asked.get("pageToken"),
            limit=max(1, min(PAGE_MAX, api.number(request, "maxResults") or PAGE_MAX)),
        )
        found: Resource = {"kind": "storage#objects"}
        if page.items:
            found["items"] = page.items
        if page.prefixes:
            found["prefixes"] = page.prefixes
        if page.next_token:
            found["nextPageToken"] = page.next_token
        return api.answer(request, found)

    def _object(self, request: Request, bucket: str, name: str, body: bytes) -> Response:
        generation, conditions = api.number(request, "generation"), api.conditions(request)
        match request.method:
            case "GET":
                resource = self.objects.get(bucket, name, generation, conditions)
                if request.query_params.get("alt") == "media":
                    return api.media(request, resource, self.objects.data(resource))
                return api.answer(request, resource)
            case "DELETE":
                self.objects.delete(bucket, name, generation, conditions)
                return Response(status_code=204)
            case "PATCH":
                changes = api.document(body)
                return api.answer(request, self.objects.change(bucket, name, generation, changes, conditions))
        raise api.no_method(request)

    def _rewrite(self, request: Request, part: dict[str, str], body: bytes) -> Response:
        """Copy an object, perhaps onto itself with another storage class; always whole in one call."""
        generation = api.number(request, "sourceGeneration")
        source = self.objects.get(part["bucket"], part["name"], generation, Conditions())
        # Clients send the whole resource as they know it; what only the server gives is not asked of it.
        asked = api.document(body)
        given: Resource = {field: source[field] for field in COPIED_FIELDS & set(source)}
        given |= {field: asked[field] for field in (COPIED_FIELDS | {"storageClass"}) & set(asked)}
        given["name"] = part["to_name"]
        data = self.objects.data(source)
        copy = self.objects.insert(part["to_bucket"], given, data, api.conditions(request))
        size = str(len(data))
        done = {"kind": "storage#rewriteResponse", "done": True, "totalBytesRewritten": size}
        return api.answer(request, {**done, "objectSize": size, "resource": copy})

    def _upload(self, request: Request, bucket: str, body: bytes) -> Response:
        kind = request.query_params.get("uploadType")
        if request.method == "PUT" and kind == "resumable":
            return self._continue(request, bucket, body)
        if request.method != "POST":
            raise api.no_method(request)
        named = {"name": request.query_params["name"]} if "name" in request.query_params else {}
        if kind == "media":
            given: Resource = {"contentType": request.headers.get("content-type", "application/octet-stream")}
            return self._insert(request, bucket, {**given, **named}, body, api.conditions(request))
        if kind == "multipart":
            document, media_type, data = parts(request.headers.get("content-type", ""), body)
            given = {"contentType": media_type, **api.document(document), **named}
            return self._insert(request, bucket, given, data, api.conditions(request))
        if kind != "resumable":
            raise Refused(400, "invalid", f"Unknown uploadType {kind!r}")
        media_type = request.headers.get("x-upload-content-type", "application/octet-stream")
        upload = Upload(
            bucket, {"contentType": media_type, **api.document(body), **named}, api.conditions(request)
        )
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
        return api.answer(request, self.objects.insert(bucket, given, data, conditions))


@contextmanager
def storage(buckets: Sequence[str] = ()) -> Iterator[str]:
    """A server in this process, on a free port, with these buckets; its URL, for `STORAGE_EMULATOR_HOST`."""
    objects = Objects()
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

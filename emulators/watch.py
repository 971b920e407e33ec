"""Watch: the events of all topics as lines, as soon as they are published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from emulators.processes import Line, Sink
from emulators.serving import serving
from emulators.topics import Topics


@contextmanager
def watching(topics: Topics, names: Iterable[str], sink: Sink) -> Iterator[None]:
    """Tell `sink` of each event that the named topics carry, in a thread, until the block ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await request.body()
        if line := _line(request):
            sink(line)
        await Response(status_code=204)(scope, receive, send)

    with serving(app) as url:
        topics.watch(names, f"{url}/")
        yield


def _line(request: Request) -> Line | None:
    """The event of an unwrapped push: who wrote what to which stream."""
    said = {name: unquote(request.headers.get(f"ce-{name}", "")) for name in ("source", "type", "subject")}
    if not all(said.values()):
        return None
    at = datetime.fromisoformat(request.headers["ce-recordedtime"])
    what = said["type"].removeprefix("house.")
    function = said["source"].rpartition("/")[2]
    return Line(at, function, request.headers.get("ce-correlationid", ""), f"{what} {said['subject']}")

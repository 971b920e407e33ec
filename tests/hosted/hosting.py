"""Toy functions hosted apart, on ports in memory, asked over HTTP through the framework's own ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import msgspec
from functions_framework.aio import _create_asgi_app_with_function
from starlette.requests import Request
from starlette.responses import Response

from shared.domain.cloudevents import attributes
from shared.domain.event import Recorded
from shared.ports.store import Store
from shared.runtime.callers import Callers
from shared.runtime.edge import Receipt
from shared.runtime.hosted import Hosted
from shared.runtime.hosted_http import Host
from shared.runtime.others import Others
from shared.runtime.shapes import Function
from tests.contracts.stores import Adapter
from tests.engine.toys import ALL, Toys


class NoSecrets:
    """Nothing is secret."""

    def get(self, name: str) -> bytes:
        raise KeyError(name)


@dataclass
class Hosts:
    """A house of toys in which each function has a host of its own."""

    toys: Toys
    callers: Callers | None = None
    urls: dict[str, str] = field(default_factory=dict)
    _apps: dict[str, Any] = field(default_factory=dict)

    def app(self, name: str) -> Any:
        """A function as the framework serves it."""
        if name not in self._apps:
            toys = self.toys
            function = {f.name: f for f in toys.functions}[name]
            hosted = Hosted(function, toys.ports, NoSecrets(), toys.gateways, 0.0)
            host = Host(hosted, self.callers, Others(self.urls, {}), [f.name for f in toys.functions])

            async def target(request: Request) -> Response:
                return await host.answer(request)

            self._apps[name] = cast(Any, _create_asgi_app_with_function)(target, "http", False)
        return self._apps[name]

    def ask(self, name: str, *requests: httpx.Request) -> list[httpx.Response]:
        """Ask a function several things at once."""

        async def at_once() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app(name))
            async with httpx.AsyncClient(transport=transport, base_url="http://function") as client:
                return await asyncio.gather(*(client.send(request) for request in requests))

        return asyncio.run(at_once())

    def post(self, name: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
        """The status of a POST."""
        [answer] = self.ask(
            name, httpx.Request("POST", f"http://function{path}", content=body, headers=headers)
        )
        return answer.status_code

    def push(self, name: str, *events: Recorded) -> list[int]:
        """Push events at once, unwrapped; the statuses."""
        pushes = [unwrapped(event) for event in events]
        return [answer.status_code for answer in self.ask(name, *pushes)]


def unwrapped(event: Recorded, dataref: str | None = None) -> httpx.Request:
    """A push whose headers are the event's attributes."""
    data = b"" if dataref else event.data
    return httpx.Request("POST", "http://function/", content=data, headers=attributes(event, dataref))


def wrapped(event: Recorded) -> httpx.Request:
    """A push whose body is the message."""
    message = {"attributes": attributes(event), "data": event.data, "messageId": "1"}
    body = msgspec.json.encode({"message": message, "subscription": "projects/p/subscriptions/s"})
    return httpx.Request(
        "POST", "http://function/", content=body, headers={"content-type": "application/json"}
    )


def eventarc(event: Recorded) -> httpx.Request:
    """A push as Eventarc makes it: an event around the message."""
    inner = wrapped(event)
    headers = {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/t",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-time": "2026-01-01T00:00:00Z",
    }
    return httpx.Request("POST", "http://function/", content=inner.content, headers=headers)


def hosts(
    adapter: Adapter,
    functions: Sequence[Function] = ALL,
    store: Store | None = None,
    callers: Callers | None = None,
) -> Hosts:
    """Hosts on one adapter."""
    return Hosts(Toys(adapter, functions, store), callers)


def told(receipt: Receipt) -> Recorded:
    """The one event of a receipt."""
    [event] = receipt.events
    return event

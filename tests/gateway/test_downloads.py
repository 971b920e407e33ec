"""Downloads are sent for as long as their readers take, so there are only so many at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from functions.gateway.downloads import DOWNLOADS_MAX
from tests.gateway.house import House

PATH = "/api/me/export.json"


class Slow:
    """Somebody who begins to download and stops to receive; `read` lets them go on."""

    def __init__(self, house: House, number: int) -> None:
        self.begun, self.read = asyncio.Event(), asyncio.Event()
        self.received = b""
        headers = [(b"authorization", f"Bearer {house.developer(number).token}".encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "headers": headers,
        }
        self.task = asyncio.ensure_future(house.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
            self.begun.set()
            await self.read.wait()
        else:
            self.received += message["body"]


async def ask(house: House, number: int) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url=house.house.origin
    ) as client:
        token = house.developer(number).token
        return await client.get(PATH, headers={"authorization": f"Bearer {token}"})


def run(story: Coroutine[Any, Any, None]) -> None:
    """The story, which waits for nothing that does not come."""
    asyncio.run(asyncio.wait_for(story, 4))


def test_more_downloads_than_may_run_at_once_are_told_the_limit_and_when_to_come_again(house: House) -> None:
    for number in range(DOWNLOADS_MAX + 2):
        house.developer(number)

    async def crowded() -> None:
        slow = [Slow(house, number) for number in range(DOWNLOADS_MAX)]
        await asyncio.gather(*(each.begun.wait() for each in slow))
        refused = await ask(house, DOWNLOADS_MAX)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"] == f"{DOWNLOADS_MAX} downloads at a time are the limit here"
        # One is received, another is cut off by its reader.
        slow[0].read.set()
        await slow[0].task
        assert slow[0].received.endswith(b"]}\n")
        slow[1].task.cancel()
        await asyncio.wait([slow[1].task])
        slow += [Slow(house, DOWNLOADS_MAX), Slow(house, DOWNLOADS_MAX + 1)]
        await asyncio.gather(slow[-1].begun.wait(), slow[-2].begun.wait())
        assert (await ask(house, 0)).status_code == 429
        for each in slow:
            each.read.set()
        await asyncio.wait([each.task for each in slow])
        assert (await ask(house, 0)).status_code == 200

    run(crowded())


def test_a_developer_downloads_once_at_a_time(house: House) -> None:
    for number in (1, 2):
        house.developer(number)

    async def twice() -> None:
        slow = Slow(house, 1)
        await slow.begun.wait()
        refused = await ask(house, 1)
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many downloads")
        assert "one download at a time" in refused.json()["detail"]
        assert (await ask(house, 2)).status_code == 200
        slow.read.set()
        await slow.task
        assert (await ask(house, 1)).status_code == 200

    run(twice())


def test_who_stops_to_receive_keeps_nobody_out_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.gateway.downloads.DOWNLOAD_S_MAX", 0.05)
    house.developer(1)

    async def stuck() -> None:
        slow = Slow(house, 1)
        await slow.task
        assert slow.received == b""
        monkeypatch.undo()
        assert (await ask(house, 1)).status_code == 200

    run(stuck())

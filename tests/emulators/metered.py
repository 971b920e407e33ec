"""All functions, each hosted as on the cloud, on Google's emulators, with everything that is billed counted.

Time stands still here: a function is ticked when the test says so, and events are carried one at a time, which is
the dearest way there is.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx
from functions_framework.aio import _create_asgi_app_with_function
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.bodies import RawBodies
from shared.adapters.clock import SystemClock
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.memory import ManualClock
from shared.adapters.pubsub import PubSubBus
from shared.adapters.ssh_keygen import SshKeygen
from shared.adapters.web import PoliteWeb
from shared.cli.github import request
from shared.domain.cloudevents import attributes
from shared.domain.event import House, Recorded
from shared.domain.identity import pseudonymizer
from shared.domain.instants import SECOND_US
from shared.runtime.discover import functions as discovered
from shared.runtime.hosted import Hosted
from shared.runtime.hosted_http import Host
from shared.runtime.others import Others
from shared.runtime.shapes import Function, Gateways
from shared.runtime.shell import Ports
from shared.runtime.wiring import terms
from tests import google
from tests.buckets import gcs_bucket
from tests.emulators.prices import MESSAGE_BYTES_MIN
from tests.given import SEALS

SECRETS = {
    "github": b"a webhook secret of this test",
    "ledger": b"6c" * 32,
    "pepper": b"p" * 32,
    "sign-in": b"s" * 32,
    "operator": b"o" * 32,
}
ORIGIN = "https://house.example"
ARCHIVER = "archiver"
MINUTE_US = 60 * SECOND_US


class Secrets:
    """Those of this house."""

    def get(self, name: str) -> bytes:
        """See Secrets."""
        return SECRETS[name]


class Metered:
    """A house of every function there is, and what it has cost."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        functions: Mapping[str, Function] = {function.name: function for function in discovered()}
        self._readers = {name: f for name, f in functions.items() if f.reads}
        owners = {prefix: name for name, f in functions.items() for prefix in f.folds}
        whole = tuple(prefix for f in functions.values() for prefix, fold in f.folds.items() if fold.whole)
        self._store = google.firestore(owners, whole, slice_s=3_600.0)
        self._topics = {name: f.writes for name, f in functions.items()}
        reads = {name: sorted(self._topics_of(f)) for name, f in self._readers.items()}
        self._bus: PubSubBus = google.pubsub(self._topics, reads)
        self._bucket = gcs_bucket()
        self._subscriptions = Counter(topic for read in reads.values() for topic in read)
        clock = self._clock = ManualClock(SystemClock().now_us())
        house = House(ORIGIN, terms(), pseudonymizer(SECRETS["pepper"]))
        web = PoliteWeb(clock, False, "HouseBot/0.1")
        gateways = Gateways(
            web,
            self._bucket,
            self._store,
            "http://127.0.0.1:9",
            None,
            ledger=self._bucket,
            views=self._store,
            bodies=RawBodies(self._store, self._bucket),
            seals=SEALS,
            signer=SecretSigner(Secrets(), "ledger"),
            ssh=SshKeygen(),
        )
        ports = Ports(self._store, self._bus, self._bucket, clock, house, SEALS)
        self.hosted = {name: Hosted(f, ports, Secrets(), gateways, 0.0) for name, f in functions.items()}
        self._intake = self._app("intake", sorted(functions))

    def _topics_of(self, function: Function) -> set[str]:
        return {self._topics[kind.split(".", 2)[1]] for kind in function.reads}

    def _app(self, name: str, functions: list[str]) -> Any:
        host = Host(self.hosted[name], None, Others({}, {}), functions)

        async def target(asked: Request) -> Response:
            return await host.answer(asked)

        return cast(Any, _create_asgi_app_with_function)(target, "http", False)

    def deliver(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Take a webhook of GitHub's, and carry what comes of it until nothing is left to carry."""
        body, headers = request(kind, json.dumps(payload).encode(), SECRETS["github"])
        self._loop.run_until_complete(self._deliver(body, headers))
        while self._carry():
            pass

    async def _deliver(self, body: bytes, headers: Mapping[str, str]) -> None:
        transport = httpx.ASGITransport(self._intake)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            answer = await client.post("/webhooks/github", content=body, headers=headers)
        assert answer.status_code == 202, answer.text

    def _carry(self) -> bool:
        """Hand over what the bus has; whether there was anything."""
        found = False
        for name, function in self._readers.items():
            for event in self._bus.pull(name, function.reads, 100):
                found = True
                self._loop.run_until_complete(self.hosted[name].handle(event))
                self._bus.acknowledge(name, [event])
        return found

    def minute(self) -> None:
        """What a minute brings: every function's tick, and last the archiver's."""
        self._clock.move(MINUTE_US)
        for hosted in self.hosted.values():
            for step in (hosted.wake, hosted.draw, hosted.errand):
                if hosted.function.name != ARCHIVER:
                    self._loop.run_until_complete(step())
        while self._carry():
            pass
        self._loop.run_until_complete(self.hosted[ARCHIVER].errand())

    def costs(self) -> Counter[str]:
        """All that is billed, so far. A message is billed when it is published, and for each reader again."""
        counted = Counter(self._store.costs) + self._bucket.costs
        # The log is read after the counting, as that is billed, too.
        for event in self._log():
            size_bytes = len(event.data) + sum(len(n) + len(v) for n, v in attributes(event).items())
            times = 1 + self._subscriptions[self._topics[event.function]]
            counted["billed_bytes"] += max(MESSAGE_BYTES_MIN, size_bytes) * times
        return counted

    def _log(self) -> Iterator[Recorded]:
        store, before = self._store, Counter(self._store.costs)
        page = store.since(0, 500)
        while page:
            yield from page
            page = store.since(page[-1].position, 500)
        store.costs.clear()
        store.costs.update(before)

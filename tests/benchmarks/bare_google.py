"""What the emulators alone allow: documents committed and messages published with Google's clients, and nothing else.

`python -m tests.benchmarks.bare_google writer PROJECT NUMBER` writes so many of what a delivery writes, each in a commit
of its own, when a line comes; it prints when it is ready, and how long that took.

`python -m tests.benchmarks.bare_google relay PROJECT PORT TOPIC STATUS` stands for one function: each request becomes a
document and a message, and is answered when both are durable.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from uuid import uuid4

from google.cloud import firestore, pubsub_v1

from shared.adapters.firestore_documents import event_fields, stream_id
from shared.domain.cloudevents import attributes
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.event import Recorded, encode
from shared.domain.ids import uuid5
from tests.benchmarks.load import SIZE_BYTES

THREADS = 8
"""At once in each process: with four of them as many as the load client has connections."""
WARM = 32
SUBJECT, TOPIC, TYPE = b"ce-subject", "bare", "house.bare.stepped.v1"
_INSTANT_US = 1_770_000_000_000_000


class Bare:
    """One process's clients. Google's own gathers up to `gathered` messages, for 5 ms, before it sends them."""

    def __init__(self, project: str, topic: str, gathered: int) -> None:
        self._client = firestore.Client(project=project)
        gathering = pubsub_v1.types.BatchSettings(max_messages=gathered, max_latency=0.005)
        self._publisher = pubsub_v1.PublisherClient(gathering)
        self._topic = f"projects/{project}/topics/{topic}"
        self._run = uuid4().hex

    def step(self, name: str, event: Recorded, body: bytes) -> None:
        """A document, then a message: what a delivery leaves. `name` is its subject."""
        fields: dict[str, Any] = {
            **event_fields(event, "bare"),
            "version": 1,
            "order": event.time_us,
            "shard": 1,
            "attachment": body,
        }
        self._client.document("functions", "bare", "streams", stream_id(f"{self._run}/{name}")).create(fields)
        self._publisher.publish(
            self._topic, event.data, **{**attributes(event), SUBJECT.decode(): name}
        ).result()


def recorded(digest: str) -> Recorded:
    """What is recorded of one delivery."""
    accepted = DeliveryAccepted("github", digest, "push", SIZE_BYTES, _INSTANT_US)
    identity, stream = uuid5("bare", digest), f"delivery/github/{digest}"
    return Recorded(identity, TYPE, stream, 1, _INSTANT_US, _INSTANT_US, "0" * 32, identity, encode(accepted))


def write(bare: Bare, number: int) -> None:
    """So many, some of them at once."""
    body = b"n" * SIZE_BYTES
    numbers = itertools.count()

    def until_done() -> None:
        while next(numbers) < number:
            digest = uuid4().hex * 2
            bare.step(digest, recorded(digest), body)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(until_done) for _ in range(THREADS)]:
            done.result()


def writer(project: str, number: int) -> None:
    """Write when told to."""
    bare = Bare(project, TOPIC, THREADS)
    write(bare, WARM)
    print("ready", flush=True)
    for _ in sys.stdin:
        started_s = time.monotonic()
        write(bare, number)
        print(started_s, time.monotonic(), flush=True)


def relay(bare: Bare, status: int) -> Callable[..., Any]:
    """The function's application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await whole(receive)
        headers = dict(scope["headers"])
        name = headers[SUBJECT].decode() if SUBJECT in headers else sha256(body).hexdigest()
        # A push brings what a function passes on; only the delivery itself has a body to keep.
        kept = body if SUBJECT not in headers else b""
        await asyncio.get_running_loop().run_in_executor(None, bare.step, name, recorded(name), kept)
        await answer(send, status)

    return app


async def whole(receive: Any) -> bytes:
    """A request's body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def answer(send: Any, status: int) -> None:
    """An answer without a body; a push is only taken for acknowledged by a 204."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


def main() -> None:
    """Be one of the two."""
    match sys.argv[1:]:
        case ["writer", project, number]:
            writer(project, int(number))
        case ["relay", project, port, topic, status]:
            import uvicorn

            uvicorn.run(
                relay(Bare(project, topic, 1), int(status)), port=int(port), loop="uvloop", http="httptools",
                lifespan="off", access_log=False, log_config=None,
            )  # fmt: skip


if __name__ == "__main__":
    main()

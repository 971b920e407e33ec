"""GitHub's way into a simulated House: signed requests to the real intake, each at its own instant."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from shared.adapters.memory import MemorySecrets
from shared.domain.ids import uuid5
from shared.domain.signatures import github_signature
from shared.runtime import raw
from shared.runtime.edge import Receipt, Submission, Trouble
from shared.runtime.shapes import Asgi
from shared.runtime.shell import Shell
from shared.runtime.simulate.deeds import Webhook

SECRET = b"the simulation's webhook secret"


class Doorway:
    """Intake, as whoever knows the webhook's secret or another one reaches it."""

    def __init__(self, shell: Shell) -> None:
        self._edge = _Edge(shell)
        edge: Any = self._edge
        self._intake: Asgi = shell.function.intakes[0].app(edge)

    def deliver(self, item: Webhook) -> tuple[str, bool]:
        """Send a webhook; its digest, and whether it was taken.

        Raises:
            TimeoutError: it is to be sent again.
        """
        signature = github_signature(b"another secret" if item.forged else SECRET, item.body)
        digest = sha256(item.body).hexdigest()
        headers = [
            (b"content-type", b"application/json"),
            (b"x-github-event", item.event.encode()),
            (b"x-hub-signature-256", signature.encode()),
            (b"x-correlation-id", uuid5("journey", digest).encode()),
        ]
        scope = {"type": "http", "method": "POST", "path": "/webhooks/github", "headers": headers}
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": item.body}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        self._edge.at_us = item.at_us
        _driven(self._intake(scope, receive, send))
        if statuses[0] == 503:
            raise TimeoutError("the sender is to try again")
        return digest, statuses[0] in (200, 202)


def _driven(waiting: Any) -> None:
    """Run what waits for nothing without the event loop, which would cost as much as the handling itself.

    Raises:
        AssertionError: it waits after all.
    """
    try:
        waiting.send(None)
    except StopIteration:
        return
    raise AssertionError("a simulated request waited for the real world")


class _Edge:
    """What intake may do in a simulated world: see Edge. `at_us` is a request's own, however often it is sent again."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.house, self.secrets = shell.ports.house, MemorySecrets({"github": SECRET})
        self.clock, self.at_us = self, 0

    def now_us(self) -> int:
        """See Clock."""
        return self.at_us

    def put_away(self, name: str, body: bytes, received_us: int) -> None:
        """See Edge."""
        ports = self._shell.ports
        ports.bucket.put(name, raw.sealed(body, received_us, ports.seals))

    async def submit(self, submission: Submission) -> Receipt:
        """See Edge."""
        return self._shell.accept([submission])[0]

    def fresh_id(self) -> str:
        """Every request brings its own."""
        raise AssertionError("a simulated request has its correlation id")

    def troubles(self) -> list[Trouble]:
        """None that intake could see."""
        return []

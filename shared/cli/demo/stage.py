"""Stage: what the acts of one run of the demo share."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.cli.api import Answer, Api
from shared.cli.demo.cast import Cast, Developer
from shared.cli.demo.repositories import Repository
from shared.cli.demo.steps import Account
from shared.cli.failures import Failure
from shared.cli.github import request


@dataclass
class Stage:
    """One node, one cast, and what has come of them so far.

    `operator` speaks to the node as its operator; `secret` signs deliveries; `workshop` is an empty directory for
    repositories; `profiles` says that the node's crawler sees the cast on its GitHub. `begins_s` (seconds since 1970)
    dates the first commit, each other one a second later; None: commits have the clock's date. `ids` and `links` are
    what a reader may want afterwards; `voices` are developers' and the client's own ways to the API, by first name.
    """

    operator: Api
    secret: bytes
    cast: Cast
    account: Account
    workshop: Path
    profiles: bool
    begins_s: int | None = None
    ids: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    voices: dict[str, Api] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)

    @property
    def host(self) -> Developer:
        """Who invites the others."""
        return self.cast.developers[0]

    @property
    def guests(self) -> tuple[Developer, ...]:
        """Who is invited."""
        return self.cast.developers[1:]

    def page(self, path: str) -> str:
        """A page's address."""
        return self.operator.url + path

    def journey(self, *what: str) -> str:
        """The page of the journey of something of this run."""
        return self.page(f"/journeys/{self.cast.id(*what)}")

    def at_s(self) -> int:
        """The date of the next commit, in seconds since 1970: commits have no finer time."""
        if self.begins_s is None:
            return now_s()
        self.begins_s += 1
        return self.begins_s - 1

    def post(self, voice: Api, path: str, body: Any, *what: str) -> Any:
        """The JSON that POST `path` answers; `what` of this run it is gives it its correlation id.

        Its Idempotency-Key follows from that and the body, so that the same run asks the same, and gets the same ids.

        Raises:
            Failure: the node refused, or did not answer.
        """
        return voice.post(path, body, self.cast.id(*what), self.key(body, *what))

    def key(self, body: Any, *what: str) -> str:
        """The Idempotency-Key of a request of this run."""
        return self.cast.id("request", *what, json.dumps(body, sort_keys=True))

    def deliver(
        self, event: str, payload: dict[str, Any], correlation: str, secret: bytes | None = None
    ) -> Answer:
        """Send one delivery as GitHub would, signed with the node's secret or another."""
        raw = json.dumps(payload, ensure_ascii=False)
        delivery = str(UUID(self.cast.id("delivery", raw)))
        body, headers = request(event, raw.encode(), secret or self.secret, delivery=delivery)
        return self.operator.ask(
            "POST", "/webhooks/github", body, headers | {"x-correlation-id": correlation}
        )

    def accepted(self, event: str, payload: dict[str, Any], correlation: str) -> str:
        """Send one delivery that has to be accepted; its digest.

        Raises:
            Failure: it was not.
        """
        answer = self.deliver(event, payload, correlation)
        if answer.status != 202:
            raise Failure(f"the {event} delivery was not accepted: {answer.reason}")
        return str(answer.body["delivery"])

    def entry(self, hash_: str) -> dict[str, Any] | None:
        """The log's entry, by its own hash or by its commit's, once there is one."""
        answer = self.operator.ask("GET", f"/api/entries/{hash_}")
        if answer.status not in (200, 404):
            raise Failure(f"GET /api/entries/{hash_}: {answer.reason}")
        return answer.body if answer.status == 200 else None

    def journey_events(self, *what: str) -> list[dict[str, Any]]:
        """The events so far of the journey of something of this run."""
        answer = self.operator.ask("GET", f"/api/journeys/{self.cast.id(*what)}")
        if answer.status not in (200, 404):
            raise Failure(f"GET /api/journeys: {answer.reason}")
        return list(answer.body["events"]) if answer.status == 200 else []

    def sign_in_link(self, voice: Api, following: str) -> str:
        """A link that opens `following` in a browser with the rights of `voice`."""
        return str(voice.post("/api/sign-in-links", {"next": following})["url"])


def now_s() -> int:
    """Seconds since 1970."""
    return int(time.time())

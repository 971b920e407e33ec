"""Topics: those of the route on the Pub/Sub emulator, pushed to the functions as Terraform has them pushed.

It speaks the emulator's REST side, https://cloud.google.com/pubsub/docs/reference/rest, so that nothing has to be set
in this process's environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

BACKOFF_S_MIN, BACKOFF_S_MAX = 1, 10
"""How soon a push that was refused comes again: as in terraform/topics.tf, but that nobody waits for ten minutes here."""
ACK_DEADLINE_S_MAX = 600
REQUEST_S_MAX = 10.0


class Topics:
    """The topics of one project on the emulator at `address`."""

    def __init__(self, address: str, project: str) -> None:
        self._url = f"http://{address}/v1/projects/{project}"
        self._project = project
        self._client = httpx.Client(timeout=REQUEST_S_MAX, trust_env=False)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def create(self, route: Mapping[str, Any], urls: Mapping[str, str]) -> None:
        """All topics of the route, and a push subscription for each topic that one of `urls` names event types of."""
        for topic in route["topics"]:
            self._put(f"topics/{topic}", {})
        for name, url in urls.items():
            node = route["functions"][name]
            for topic in (topic for topic, types in node["reads"].items() if types):
                self._put(f"subscriptions/{name}-{topic}", self._pushed(node, topic, f"{url}/"))

    def _pushed(self, node: Mapping[str, Any], topic: str, endpoint: str) -> dict[str, Any]:
        return {
            "topic": f"projects/{self._project}/topics/{topic}",
            "pushConfig": {"pushEndpoint": endpoint, "noWrapper": {"writeMetadata": True}},
            "ackDeadlineSeconds": min(node["instance"]["timeout_s"], ACK_DEADLINE_S_MAX),
            "enableMessageOrdering": topic in node["ordered"],
            "retryPolicy": {"minimumBackoff": f"{BACKOFF_S_MIN}s", "maximumBackoff": f"{BACKOFF_S_MAX}s"},
        }

    def watch(self, topics: Iterable[str], url: str | None = None) -> None:
        """Have each message of these topics pushed to `url`, too, or kept to be pulled, as `watch-<topic>`."""
        pushed = {"pushEndpoint": url, "noWrapper": {"writeMetadata": True}} if url else {}
        for topic in topics:
            named = f"projects/{self._project}/topics/{topic}"
            self._put(f"subscriptions/watch-{topic}", {"topic": named, "pushConfig": pushed})

    def _put(self, name: str, body: Mapping[str, Any]) -> None:
        self._client.put(f"{self._url}/{name}", json=body).raise_for_status()

"""The demo, played with one seed on the embedded node and on Google's engine, leaves the same events.

Both have the same secrets, origin and commits, so ids are compared as they are. What follows from a clock is not the
same, and is replaced in both alike: instants (fields that end in `_us`, and those of the envelope), and an entry's hash,
which is made of its receipt, by the id of the event that recorded the entry. Streams are compared as multisets of
(stream, type, id), and bodies, causes and journeys by id: inputs that do not depend on each other come in any order, on
one node as on the other, so versions are not compared. The archiver is left out: its segments hold what a minute brought.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from emulators.house import running
from shared.cli.api import Api
from shared.cli.demo.cast import cast
from shared.cli.demo.host import GITHUB_TOKEN, nonce
from shared.cli.demo_github import DemoGitHub
from shared.cli.log import PAGE
from tests import google
from tests.processes.nodes import SECRET, Node

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(420)]
SEED = 7
ORIGIN = "https://house.example"
QUIET_S_MAX = 120.0
Body = tuple[str, str, str, Any]


@dataclass(frozen=True)
class Played:
    """One run: what the demo told, and the node's events afterwards by id, with what clocks gave replaced."""

    told: dict[str, Any]
    events: dict[str, Body]

    @property
    def streams(self) -> Counter[tuple[str, str, str]]:
        return Counter((stream, kind, identity) for identity, (stream, kind, _, _) in self.events.items())

    @property
    def result(self) -> str:
        """The digest of what the client gets, but for the instant it was published at."""
        result = {name: value for name, value in self.told["result"].items() if name != "published_at"}
        return sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


def play(url: str, token: str, secret: str, at: str) -> dict[str, Any]:
    """`house demo`, as anybody would call it."""
    command = [sys.executable, "-m", "shared.cli.main", "demo", "--json"]
    done = subprocess.run(
        [*command, "--seed", str(SEED), "--at", at, "--url", url, "--secret", secret],
        capture_output=True,
        text=True,
        env={**os.environ, "HOUSE_TOKEN": token},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def logged(node: Api) -> list[dict[str, Any]]:
    """Every event that is not the archiver's."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = node.get("/api/events", after=after, limit=PAGE)
        found += page["events"]
        if page["next"] is None or page["next"] == after:
            return [event for event in found if event["source"] != "/functions/archiver"]
        after = page["next"]


def timeless(events: list[dict[str, Any]]) -> dict[str, Body]:
    """By id: stream, type, causation and correlation, body; without what clocks gave them."""
    recorded = [event for event in events if event["type"] == "house.eventlog.entry-recorded.v1"]
    entries = {event["data"]["hash"]: f"entry of {event['id']}" for event in recorded}

    def told(value: Any, name: str = "") -> Any:
        match value:
            case dict():
                return {told(key): told(inner, key) for key, inner in value.items()}
            case list():
                return [told(inner) for inner in value]
            case int() if name.endswith("_us"):
                return "an instant"
            case str():
                return entries.get(value, value)
            case _:
                return value

    return {
        event["id"]: (
            "/".join(told(part) for part in event["subject"].split("/")),
            event["type"],
            f"{event['causationid']} {event['correlationid']}",
            told(event["data"]),
        )
        for event in events
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Played]]:
    """The same demo on the embedded node and on Google's engine, whose crawlers look at one GitHub."""
    data = tmp_path_factory.mktemp("embedded")
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    with DemoGitHub(cast(nonce(SEED)).profiles()) as github:
        settings = {
            "HOUSE_ORIGIN": ORIGIN,
            "HOUSE_GITHUB_URL": github.url,
            "HOUSE_GITHUB_TOKEN": GITHUB_TOKEN,
            "HOUSE_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        node = Node(data, **settings).wait_until_up()
        try:
            token = (data / "operator.token").read_text()
            given = {name: (data / "secrets" / name).read_bytes() for name in ("pepper", "sign-in")}
            given |= {"operator": token.encode(), "github": SECRET.encode()}
            here = f"http://{node.address[0]}:{node.address[1]}"
            first = play(here, token, SECRET, at)
            with running(google=google.google(), environment=settings, given=given) as house:
                second = play(house.url, token, SECRET, at)
                yield settled((Api.at(here, token), first), (Api.at(house.url, token), second))
        finally:
            node.stop()


def settled(*runs: tuple[Api, dict[str, Any]]) -> Any:
    """Both runs, when their logs are the same, or when that has been waited for in vain."""
    until_s = time.monotonic() + QUIET_S_MAX
    while True:
        played = tuple(Played(told, timeless(logged(node))) for node, told in runs)
        if played[0].events == played[1].events or time.monotonic() > until_s:
            return played
        time.sleep(2)


def test_every_stream_has_the_same_events_under_the_same_ids(both: tuple[Played, Played]) -> None:
    embedded, on_google = both
    assert (embedded.streams - on_google.streams, on_google.streams - embedded.streams) == (
        Counter(),
        Counter(),
    )
    assert len(embedded.streams) > 200


def test_every_event_says_the_same_of_the_same_cause(both: tuple[Played, Played]) -> None:
    embedded, on_google = both
    for identity in embedded.events.keys() & on_google.events.keys():
        assert embedded.events[identity] == on_google.events[identity]


def test_the_client_gets_the_same_result(both: tuple[Played, Played]) -> None:
    embedded, on_google = both
    assert embedded.told["ok"] is on_google.told["ok"] is True
    assert embedded.result == on_google.result
    assert [step["title"] for step in embedded.told["steps"]] == [s["title"] for s in on_google.told["steps"]]

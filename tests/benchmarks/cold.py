"""A cold start: from the start of a function's process, as it is deployed, to its first answer that took the store."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from uuid import uuid4

import httpx
from msgspec.structs import replace

from emulators.google import Google, Missing
from emulators.google import running as emulators
from emulators.house import ROUTE, House, running
from shared.cli.github import request
from shared.domain.cloudevents import attributes
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.event import Event, Recorded, encode, type_of
from shared.domain.optins import Invited
from shared.domain.requests import BriefOpened
from tests.benchmarks.figures import Figure, Scale, below
from tests.benchmarks.load import payloads
from tests.golden import INSTANT_US, example

COLD_MS_MAX = 1_000
ANSWER_S_MAX = 60.0


def cold(scale: Scale) -> Sequence[Figure]:
    """Each function by itself, with emulators on this machine; nothing without them."""
    try:
        with emulators() as google:
            return [_of(name, scale.runs, google) for name in sorted(ROUTE["functions"])]
    except Missing as missing:
        print(f"left out: {missing}")
        return []


def _of(name: str, runs: int, google: Google) -> Figure:
    with running((name,), google=google, tick_s=None) as house:
        # The first meets emulators that are slow themselves at first.
        taken = [_start(house, name) for _ in range(runs + 1)][1:]
        asked = _first(house, name)
        said = asked.headers.get("ce-type", f"{asked.method} {asked.url.path}")
    return below(f"cold start of {name}", "ms", taken, COLD_MS_MAX, f"to the answer to {said}")


def _start(house: House, name: str) -> float:
    """Milliseconds until the first answer.

    Raises:
        httpx.HTTPStatusError: it is no success.
    """
    asked = _first(house, name)
    with httpx.Client(timeout=ANSWER_S_MAX, trust_env=False) as client:
        house.kill(name)
        started_s = time.perf_counter()
        house.start(name)
        answer = client.send(asked)
        elapsed_s = time.perf_counter() - started_s
    answer.raise_for_status()
    return elapsed_s * 1_000


def _first(house: House, name: str) -> httpx.Request:
    """A request as the function may get it first, about something new; a function that is not named here is ticked."""
    mark, url = uuid4().hex, house.urls[name]
    match name:
        case "intake":
            body, headers = request(
                "push", json.dumps(payloads()[0] | {"nonce": mark}).encode(), house.secret
            )
            return httpx.Request("POST", f"{url}/webhooks/github", headers=headers, content=body)
        case "gateway":
            headers = {"authorization": f"Bearer {house.token}"}
            return httpx.Request("GET", f"{url}/api/dead-letters?function=optin", headers=headers)
        case "eventlog":
            accepted = DeliveryAccepted("github", mark * 2, "push", 2, INSTANT_US)
            return _push(url, f"delivery/github/{mark * 2}", accepted)
        case "optin":
            invited = example(Invited)
            assert isinstance(invited, Invited)
            return _push(url, f"invitation/{mark}", replace(invited, invitation=mark, id=mark))
        case "aggregator" | "matchmaker":
            opened = example(BriefOpened)
            assert isinstance(opened, BriefOpened)
            return _push(url, f"client/{mark}", replace(opened, brief=mark))
        case _:
            return httpx.Request("POST", f"{url}/tick")


def _push(url: str, stream: str, body: Event) -> httpx.Request:
    """The push of an event that is the first of its stream."""
    mark, kind = uuid4().hex, type_of(body).name
    event = Recorded(mark, kind, stream, 1, INSTANT_US, INSTANT_US, mark, mark, encode(body))
    return httpx.Request("POST", f"{url}/", headers=attributes(event), content=event.data)

"""The route on Google's emulators, each function a process of its own, beside what the emulators alone allow."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from statistics import median, quantiles
from typing import IO, Any, cast
from uuid import uuid4

import httpx
from msgspec import Struct

from emulators.google import Google, Missing, free_port
from emulators.google import running as emulators
from emulators.house import House, running
from emulators.serving import serving
from emulators.topics import Topics
from shared.domain.event import type_of
from shared.domain.instants import DAY_US, rfc3339
from shared.domain.optins import PURPOSE, Invited
from shared.runtime.wiring import terms
from tests.benchmarks.bare_google import SUBJECT, TOPIC, TYPE, answer, whole
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.load import CONNECTIONS, SECRET, Request, payloads, rate, request, send
from tests.benchmarks.places import ROOT

WORKERS = 4
DELIVERIES = 1_000
INVITATIONS, INVITATIONS_PER_S = 200, 20.0
WARM = 256
"""Deliveries, and then an eighth as many invitations, that are not measured: every process is slow at first."""
HOPS = ("intake", "eventlog", "optin")
START_S_MAX, ARRIVE_S_MAX = 30.0, 60.0
_INVITED = type_of(Invited).name


def emulated(scale: Scale) -> Sequence[Figure]:
    """How many deliveries are accepted, and how soon there is a result of `optin`; nothing without the emulators."""
    try:
        with emulators() as google:
            return [_accepted(scale, google), *_way_to_optin(scale, google)]
    except Missing as missing:
        print(f"left out: {missing}")
        return []


@contextmanager
def _house(google: Google, *functions: str) -> Iterator[House]:
    with running(
        functions, google=google, given={"github": SECRET.encode()}, intakes=WORKERS, tick_s=None
    ) as house:
        yield house


def _bare(house: House, *arguments: str) -> subprocess.Popen[str]:
    """A process of the peer's, told what the functions are told."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bare_google", *arguments],
        cwd=ROOT,
        env=dict(house.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# -- how many


def _accepted(scale: Scale, google: Google) -> Figure:
    number = scale.of(DELIVERIES)
    with _house(google, "intake") as house, _writers(house, number // WORKERS) as floor:
        intake = partial(_intake, house)
        intake(WARM)
        ours, peer = interleaved(scale.runs, partial(intake, number), floor)
    return against(
        f"deliveries accepted, {WORKERS} workers of intake",
        "requests/s",
        ours,
        "a bare document created, then a bare message published, for each",
        peer,
        0.5,
        f"{CONNECTIONS} connections; the peer as many at once, in {WORKERS} processes, with the same emulators",
    )


def _intake(house: House, number: int) -> float:
    _forget(house)
    run, kinds = uuid4().hex, payloads()
    sending = [request(kinds[n % len(kinds)] | {"nonce": f"{run}{n}"}) for n in range(number)]
    return rate(send(_port(house.urls["intake"]), sending))


def _forget(house: House) -> None:
    """Have Firestore's emulator drop all documents: it holds them in memory, of which it has little."""
    database = f"emulator/v1/projects/{house.project}/databases/(default)/documents"
    httpx.delete(
        f"http://{house.google.firestore}/{database}", trust_env=False, timeout=60
    ).raise_for_status()


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


@contextmanager
def _writers(house: House, number: int) -> Iterator[Callable[[], float]]:
    """Processes that write so much each when they are told to; what tells them, and gives their common rate."""
    _topics(house, TOPIC)
    with ExitStack() as stack:
        writers = [_bare(house, "writer", house.project, str(number)) for _ in range(WORKERS)]
        for writer in writers:
            stack.enter_context(writer)
            stack.callback(writer.kill)
        outs = [cast(IO[str], writer.stdout) for writer in writers]
        for out in outs:
            assert out.readline() == "ready\n"

        def write() -> float:
            _forget(house)
            begun: tuple[float, ...]
            ended: tuple[float, ...]
            for writer in writers:
                told = cast(IO[str], writer.stdin)
                told.write("\n")
                told.flush()
            begun, ended = zip(*(map(float, out.readline().split()) for out in outs), strict=True)
            return number * WORKERS / (max(ended) - min(begun))

        yield write


def _topics(house: House, *names: str) -> None:
    with closing(Topics(house.google.pubsub, house.project)) as topics:
        topics.create({"topics": names}, {})


# -- how soon


def _way_to_optin(scale: Scale, google: Google) -> list[Figure]:
    number, arrived = scale.of(INVITATIONS), dict[str, float]()
    with (
        _house(google, *HOPS) as house,
        serving(_listener(arrived)) as listener,
        _relays(house, listener) as first,
    ):
        _push(house, "optins", listener)
        invite = partial(_invitation, house.url)
        ways = [
            partial(_way, house.urls["intake"], invite, lambda sent: sent.commit, arrived),
            partial(_way, first, invite, lambda sent: sent.request.digest, arrived),
        ]
        _intake(house, WARM)
        for way in ways:
            way(WARM // 8)
        taken = [[way(number) for way in ways] for _ in range(scale.runs)]
    ours, floor = zip(*taken, strict=True)
    return [_percentile(percent, ours, floor) for percent in (50, 99)]


def _percentile(percent: int, ours: Sequence[list[float]], floor: Sequence[list[float]]) -> Figure:
    value, peer = (
        median(quantiles(run, n=100)[percent - 1] for run in runs) * 1000 for runs in (ours, floor)
    )
    return Figure(
        f"sent to pushed on by optin, {INVITATIONS_PER_S:g}/s, p{percent}",
        round(value, 1),
        "ms",
        "a bare document, message and push, three times",
        round(peer, 1),
        round(value / peer, 3),
        "ratio <= 2",
        value / peer <= 2,
        "from before an invitation's webhook is sent until a reader has Invited" if percent == 50 else "",
    )


class Invitation(Struct, frozen=True):
    """A push of one commit that invites somebody."""

    commit: str
    request: Request


def _invitation(origin: str) -> Invitation:
    commit = f"{uuid4().hex}{uuid4().hex[:8]}"
    trailers = {
        "House-Invite": "github:nobody-in-particular",
        "House-Purpose": PURPOSE,
        "House-Terms": terms(),
        "House-Origin": origin,
        "House-Id": uuid4().hex,
        "House-Expires": rfc3339(time.time_ns() // 1000 + 7 * DAY_US),
    }
    message = "Ask somebody to a sprint\n\n" + "\n".join(f"{name}: {said}" for name, said in trailers.items())
    payload = payloads()[0]
    head = (payload["head_commit"] or {}) | {"id": commit, "message": message}
    return Invitation(commit, request(payload | {"after": commit, "head_commit": head, "commits": [head]}))


def _way(
    url: str,
    invite: Callable[[], Invitation],
    name: Callable[[Invitation], str],
    arrived: Mapping[str, float],
    number: int,
) -> list[float]:
    """Seconds that each of so many takes from being sent to `url` until what it is called has arrived.

    Raises:
        RuntimeError: some did not arrive.
    """
    sending = [invite() for _ in range(number)]
    exchanges = send(_port(url), [one.request for one in sending], INVITATIONS_PER_S)
    sent_s = {exchange.digest: exchange.sent_s for exchange in exchanges}
    until_s = time.monotonic() + ARRIVE_S_MAX
    while left := sum(name(one) not in arrived for one in sending):
        if time.monotonic() > until_s:
            raise RuntimeError(f"{left} of {number} did not arrive")
        time.sleep(0.05)
    return [arrived[name(one)] - sent_s[one.request.digest] for one in sending]


def _listener(arrived: dict[str, float]) -> Callable[..., Any]:
    """An application that notes when an invitation, or what the last relay passes on, was pushed to it first."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        now_s, headers = time.monotonic(), dict(scope["headers"])
        body = await whole(receive)
        if headers[b"ce-type"].decode() == _INVITED:
            arrived.setdefault(json.loads(body)["invitation"], now_s)
        elif headers[b"ce-type"].decode() == TYPE:
            arrived.setdefault(headers[SUBJECT].decode(), now_s)
        await answer(send, 204)

    return app


@contextmanager
def _relays(house: House, listener: str) -> Iterator[str]:
    """A bare process in place of each function, the last pushing to the listener; where the first answers."""
    names = [f"{TOPIC}-{hop}" for hop in HOPS]
    urls = [f"http://127.0.0.1:{free_port()}" for _ in HOPS]
    _topics(house, *names)
    with ExitStack() as stack:
        for name, url, onward, status in zip(
            names, urls, [*urls[1:], listener], (202, 204, 204), strict=True
        ):
            relay = stack.enter_context(
                _bare(house, "relay", house.project, str(_port(url)), name, str(status))
            )
            stack.callback(relay.kill)
            _push(house, name, onward)
        for url in urls:
            _answers(url)
        yield urls[0]


def _push(house: House, topic: str, url: str) -> None:
    """Have a topic pushed to `url`, as it is to functions."""
    project = f"projects/{house.project}"
    httpx.put(
        f"http://{house.google.pubsub}/v1/{project}/subscriptions/bench-{topic}",
        json={
            "topic": f"{project}/topics/{topic}",
            "pushConfig": {"pushEndpoint": f"{url}/", "noWrapper": {"writeMetadata": True}},
        },
        trust_env=False,
    ).raise_for_status()


def _answers(url: str) -> None:
    """Until something listens there.

    Raises:
        RuntimeError: nothing does.
    """
    until_s = time.monotonic() + START_S_MAX
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", _port(url))):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {url}")

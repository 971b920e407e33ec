"""A House on the emulators whose calls to Google can be made to fail, and what must hold of it whatever fails."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from emulators.google import Missing
from emulators.google import running as emulators
from emulators.house import ROUTE, House, running
from emulators.processes import ROOT
from shared.adapters.clock import SystemClock
from shared.adapters.firestore import FirestoreStore
from shared.adapters.memory import MemoryBucket
from shared.adapters.pubsub import PubSubBus
from shared.cli.github import request
from shared.domain.event import Recorded
from shared.runtime import discover
from shared.runtime.shell import Ports, Shell
from tests import google
from tests.emulators.proxy import Proxy
from tests.given import HOUSE, SEALS

RUNS = ("intake", "eventlog", "optin", "gateway")
ACCEPTED, RECORDED = "house.intake.delivery-accepted.v1", "house.eventlog.entry-recorded.v1"
OWNERS = {prefix: name for name, node in ROUTE["functions"].items() for prefix in node["streams"]}
TOPICS = {name: node["topic"] for name, node in ROUTE["functions"].items()}
PAYLOADS = ROOT / "tests" / "eventlog" / "fixtures"
WAIT_S_MAX = 60.0
_WATCHED = frozenset({ACCEPTED, RECORDED})
_BEFORE, _BUG = (
    "    assert isinstance(delivery, DeliveryAccepted)\n",
    '    if delivery.kind == "fork":\n        raise LookupError("no fork was laid")\n',
)
T = TypeVar("T")


@dataclass
class Faulty:
    """The House, the proxies before its emulators, and the source that its functions were deployed from."""

    house: House
    firestore: Proxy
    pubsub: Proxy
    release: Path
    _ends: ExitStack
    parked: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)
    _published: set[str] = field(default_factory=set)

    # -- webhooks

    def body(self, kind: str = "star") -> bytes:
        """A delivery's body, unlike any other."""
        body = json.loads((PAYLOADS / f"{kind}.json").read_bytes())["body"]
        return json.dumps(body | {"number": next(self._numbers)}).encode()

    def deliver(self, body: bytes, kind: str = "star") -> httpx.Response:
        """Send it as GitHub would, past the front, so that who does not answer is seen not to."""
        raw, headers = request(kind, body, self.house.secret)
        return httpx.post(
            f"{self.house.urls['intake']}/webhooks/github", content=raw, headers=headers, timeout=30
        )

    def accepted(self, kind: str = "star") -> str:
        """Send a delivery that meets no fault; its correlation id."""
        answer = self.deliver(self.body(kind), kind)
        assert answer.status_code == 202, answer.text
        correlation: str = answer.json()["correlationid"]
        return correlation

    def push_again(self, correlation: str) -> None:
        """Deliver a webhook's event once more: the emulator forgets some pushes whose endpoint died in their midst."""
        self.bus.publish([event for event in self.store.journey(correlation) if event.type == ACCEPTED])

    # -- what is kept

    @cached_property
    def store(self) -> FirestoreStore:
        """A look at the store past the proxies; to it every marker is a dead process's."""
        return self._ends.enter_context(
            closing(
                FirestoreStore(
                    self.house.project,
                    OWNERS,
                    request_bytes_max=google.EMULATOR_REQUEST_BYTES_MAX,
                    abandoned_s=0.0,
                    settle_s=-1.0,
                )
            )
        )

    @cached_property
    def bus(self) -> PubSubBus:
        """A bus on which to publish as any function, past the proxies; as `watch` it reads what was published."""
        return self._ends.enter_context(closing(PubSubBus(self.house.project, TOPICS, MemoryBucket())))

    def markers(self, function: str) -> list[str]:
        """The processes that may have published nothing of what they recorded for the function."""
        calls = self.store._calls
        return [marker.id for marker in calls.query(calls.collection(function, "outbox"))]

    def letters(self) -> dict[str, dict[str, Any]]:
        """The open dead letters by input, as the gateway shows them to an operator."""
        asked = {"authorization": f"Bearer {self.house.token}"}
        answer = httpx.get(f"{self.house.url}/api/dead-letters", headers=asked, timeout=30)
        return {letter["input"]: letter for letter in answer.json()["letters"]}

    def open_letters(self) -> dict[str, dict[str, Any]]:
        """Those of them that no test knows of yet."""
        return {name: letter for name, letter in self.letters().items() if name not in self.parked}

    # -- what must hold

    def sound(self, *correlations: str) -> None:
        """Each of these deliveries comes to one entry, everything recorded is published, and nothing else is there."""
        for correlation in correlations:
            kinds = until(partial(self.kinds, correlation), lambda found: RECORDED in found)
            assert kinds == {ACCEPTED: 1, RECORDED: 1}
        log = self.store.since(0, 10_000)
        assert len(log) == len({event.id for event in log})
        for stream, versions in by_stream(log).items():
            assert versions == list(range(1, len(versions) + 1)), stream
        recorded = {event.id for event in log if event.type in _WATCHED}
        unseen = until(lambda: recorded - self._seen(), lambda unseen: not unseen)
        assert unseen == set()
        assert set(self.letters()) == self.parked

    def kinds(self, correlation: str) -> Mapping[str, int]:
        """How many events of each type a journey has."""
        return Counter(event.type for event in self.store.journey(correlation))

    def watch(self) -> None:
        """Note from now on what is published."""
        project = f"projects/{self.house.project}"
        for topic in ("deliveries", "entries"):
            subscription = f"http://{self.house.google.pubsub}/v1/{project}/subscriptions/watch-{topic}"
            httpx.put(subscription, json={"topic": f"{project}/topics/{topic}"}).raise_for_status()

    def _seen(self) -> set[str]:
        while events := self.bus.pull("watch", _WATCHED, 100):
            self.bus.acknowledge("watch", events)
            self._published.update(event.id for event in events)
        return self._published

    def relay(self, function: str) -> None:
        """Publish what a dead process of the function left, as any other's tick does two minutes later."""
        ports = Ports(self.store, self.bus, MemoryBucket(), SystemClock(), HOUSE, SEALS)
        shell = Shell(discover.function(function), ports)
        while shell.relay():
            pass
        assert self.markers(function) == []

    # -- deployments

    @contextmanager
    def bug(self) -> Iterator[None]:
        """Deploy an eventlog that cannot handle forks, until the block ends."""
        source = self.release / "functions" / "eventlog" / "decide.py"
        sound = source.read_text()
        assert sound.count(_BEFORE) == 1
        self._deploy(source, sound.replace(_BEFORE, _BEFORE + _BUG))
        try:
            yield
        finally:
            self._deploy(source, sound)

    def _deploy(self, source: Path, text: str) -> None:
        source.write_text(text)
        self.house.stop("eventlog")
        self.house.start("eventlog")


def by_stream(log: list[Recorded]) -> dict[str, list[int]]:
    """The versions of each stream."""
    found: dict[str, list[int]] = {}
    for event in log:
        found.setdefault(event.stream, []).append(event.version)
    return {stream: sorted(versions) for stream, versions in found.items()}


def until(look: Callable[[], T], enough: Callable[[T], bool], wait_s_max: float = WAIT_S_MAX) -> T:
    """What is seen once it is enough."""
    until_s = time.monotonic() + wait_s_max
    while not enough(seen := look()):
        assert time.monotonic() < until_s, seen
        time.sleep(0.05)
    return seen


@contextmanager
def faulty(folder: Path) -> Iterator[Faulty]:
    """A House until the block ends, when everything it recorded must have been published."""
    for part in ("functions", "shared"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "terraform").mkdir()
    shutil.copy(ROOT / "terraform" / "route.json", folder / "terraform")
    with ExitStack() as stack:
        # Its own: after a restart every project of the emulator has the documents that one of them brought back.
        try:
            found = stack.enter_context(emulators())
        except Missing as missing:
            google.absent(missing)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in found.environment.items():
            patch.setenv(name, value)
        firestore = stack.enter_context(Proxy(found.firestore))
        pubsub = stack.enter_context(Proxy(found.pubsub))
        told = {
            "FIRESTORE_EMULATOR_HOST": firestore.address,
            "PUBSUB_EMULATOR_HOST": pubsub.address,
            "PYTHONPATH": str(folder),
        }
        house = stack.enter_context(running(RUNS, google=found, environment=told, tick_s=None, sink=print))
        made = Faulty(house, firestore, pubsub, folder, stack)
        made.watch()
        yield made
        made.sound()
        for name in RUNS:
            house.stop(name)
        left = {name: kept for name in RUNS if (kept := made.markers(name))}
        assert not left, left

"""What it costs that everyone's words are sealed with a key of their own: the event log at work, with it and without."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256

from functions.eventlog.main import FUNCTION as EVENTLOG
from functions.intake.main import FUNCTION as INTAKE
from shared.adapters.keyring import Keyring
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.event import type_of
from shared.ports.seals import Seals
from shared.runtime.edge import Submission
from shared.runtime.shell import Ports, Shell
from tests.benchmarks.counters import ports
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.places import fresh
from tests.given import HOUSE, NOW_US

PER_GROUP = 1_000
PEOPLE = 1_000
PADDING = "p" * 6_700
"""With it a webhook has 7 KB, as most of GitHub's have."""


class Unsealed:
    """What keeps nothing from anybody."""

    def seal(self, subject: str, text: str) -> str:
        """See Seals."""
        return text

    def open(self, subject: str, token: str) -> str:
        """See Seals."""
        return token

    def seal_bytes(self, subject: str, data: bytes) -> bytes:
        """See Seals."""
        return data

    def open_bytes(self, subject: str, sealed: bytes) -> bytes:
        """See Seals."""
        return sealed

    def salt(self, subject: str) -> bytes:
        """See Seals."""
        return bytes(32)

    def destroy(self, subject: str) -> None:
        """See Seals."""


def sealing(scale: Scale) -> Sequence[Figure]:
    """Stars of a thousand people, who are known, and of as many strangers as there are stars; and their raw bodies."""
    number = scale.of(10_000)
    accepted, as_they_are, known, strangers, unsealed = interleaved(
        scale.runs,
        partial(_accepted, number, sealed=True),
        partial(_accepted, number, sealed=False),
        partial(_recorded, number, PEOPLE, sealed=True),
        partial(_recorded, number, number, sealed=True),
        partial(_recorded, number, number, sealed=False),
    )
    peer = "the same, nothing sealed"
    said = "a star becomes an entry: login and repository of two people each; SQLite, synchronous=FULL"
    bodies = "raw bodies of 7 KB put away beside their records by the shell; SQLite, synchronous=FULL"
    return (
        against("deliveries put away", "deliveries/s", accepted, peer, as_they_are, 0.75, bodies),
        against("entries recorded, known people", "entries/s", known, peer, unsealed, 0.75, said),
        against("entries recorded, strangers", "entries/s", strangers, peer, unsealed, 0.75, said),
    )


def _accepted(number: int, *, sealed: bool) -> float:
    with _node(sealed=sealed) as given:
        intake, stars = Shell(INTAKE, given), list(_stars(number, PEOPLE))
        started_s = time.perf_counter()
        _accept(intake, stars)
        return number / (time.perf_counter() - started_s)


def _accept(intake: Shell, stars: Sequence[Submission]) -> None:
    for start in range(0, len(stars), PER_GROUP):
        with intake.ports.store.group():
            intake.accept(stars[start : start + PER_GROUP])


@contextmanager
def _node(*, sealed: bool) -> Iterator[Ports]:
    seals: Seals = Keyring(MemoryVault(), LocalWrapping(bytes(32))) if sealed else Unsealed()
    with fresh() as folder, ports(folder) as wired:
        yield replace(wired, seals=seals, house=HOUSE)


def _recorded(number: int, people: int, *, sealed: bool) -> float:
    reads = frozenset({type_of(DeliveryAccepted).name})
    with _node(sealed=sealed) as given:
        log = Shell(EVENTLOG, given)
        _accept(Shell(INTAKE, given), list(_stars(number, people)))
        started_s, handled = time.perf_counter(), 0
        while handled < number:
            with given.store.group():
                arrived = given.bus.pull("eventlog", reads, PER_GROUP)
                log.handle(arrived)
            handled += len(arrived)
        return number / (time.perf_counter() - started_s)


def _stars(number: int, people: int) -> Iterator[Submission]:
    for n in range(number):
        sender, owner = n % people, people + n % people
        body = json.dumps(
            {
                "action": "created",
                "padding": PADDING,
                "number": n,
                "repository": {
                    "id": owner,
                    "name": "tide",
                    "full_name": f"owner{owner}/tide",
                    "owner": {"id": owner, "login": f"owner{owner}", "type": "User"},
                },
                "sender": {"id": sender, "login": f"sender{sender}", "type": "User"},
            }
        ).encode()
        digest = sha256(body).hexdigest()
        accepted = DeliveryAccepted("github", digest, "star", len(body), NOW_US, False)
        name = digest[:32]
        yield Submission(name, name, NOW_US, ((f"delivery/github/{digest}", accepted),), body)

"""A ledger under test: facts as the functions record them, sealed and published by the archiver's own errands."""

import asyncio
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from functions.archiver.ledger import LEDGER
from functions.archiver.main import FUNCTION as ARCHIVER
from shared.adapters.bodies import RawBodies
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.keyring import Keyring
from shared.adapters.ledger_copy import LedgerCopy
from shared.adapters.memory import ManualClock, MemoryBucket, MemoryBus, MemorySecrets, MemoryStore
from shared.adapters.ssh_keygen import SshKeygen
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain import ledger
from shared.domain.archive import Ledger
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.domain.notes import key_of
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, ReleaseRequested, WithholdingRequested
from shared.ports.bucket import Bucket
from shared.ports.web import Page
from shared.runtime import errands
from shared.runtime.discover import functions
from shared.runtime.shell import Ports, Shell
from tests import outside
from tests.gateway.house import House
from tests.given import HOUSE, NOW_US

SECRET = "1e" * 32
ADA = "dev_" + "a" * 20


class NoWeb:
    """The archiver has no business outside."""

    async def get(self, url: str, headers: object = None) -> Page:
        raise AssertionError(url)

    async def post_json(self, url: str, body: bytes, headers: object = None) -> Page:
        raise AssertionError(url)


class Publishing:
    """The deciders that say what may be published, and the archiver, over stores in memory."""

    def __init__(self, secret: str = SECRET, origin: str = HOUSE.origin) -> None:
        self.clock, self.bucket, self.kept = ManualClock(NOW_US), MemoryBucket(), MemoryBucket()
        self.store, self.bus = MemoryStore(), MemoryBus()
        self.seals = Keyring(MemoryVault(), LocalWrapping(bytes(32)), seed=bytes)
        self.start(origin)
        self.gateways = replace(
            outside.gateways(NoWeb(), self.store, self.bucket, self.store),
            bodies=RawBodies(self.store, self.bucket),
            seals=self.seals,
            signer=SecretSigner(MemorySecrets({"ledger": secret.encode()}), "ledger"),
            ssh=SshKeygen(),
        )
        self._count = 0

    def start(self, origin: str) -> None:
        """Start the functions of a House at that address."""
        house = msgspec.structs.replace(HOUSE, origin=origin)
        ports = Ports(self.store, self.bus, self.bucket, self.clock, house, self.seals)
        self.shells = {function.name: Shell(function, ports) for function in functions()}

    # -- facts

    def record(self, function: str, *happened: tuple[str, Event]) -> None:
        """Record events as `function` would, and let the deciders handle what follows."""
        self._count += 1
        batch = self.shells[function].batch()
        batch.load([(stream, "") for stream, _ in happened])
        given = uuid5("given", str(self._count))
        batch.add(given, given, self.clock.now_us(), list(happened))
        self.shells[function].publish(batch.append())

    def settle(self) -> None:
        """Let the opt-in function, and it alone, handle what waits for it."""
        shell = self.shells["optin"]
        while events := self.bus.pull("optin", shell.reads, 500):
            shell.handle(events)

    def agree(self, developer: str, at_us: int | None = None) -> None:
        """The developer takes part with what concerns nobody else."""
        given = ConsentGiven(developer, "participation", at_us or self.clock.now_us())
        self.record("gateway", (f"person/{developer}", given))

    def leave(self, developer: str) -> None:
        withdrawn = ConsentWithdrawn(developer, "participation", self.clock.now_us())
        self.record("gateway", (f"person/{developer}", withdrawn))

    def withhold(self, entry: EntryRecorded) -> None:
        asked = WithholdingRequested(entry.parties[0], entry.hash, entry.parties)
        self.record("gateway", (f"person/{entry.parties[0]}", asked))

    def release(self, entry: EntryRecorded) -> None:
        asked = ReleaseRequested(entry.parties[0], entry.hash, entry.parties)
        self.record("gateway", (f"person/{entry.parties[0]}", asked))

    def enter(self, entries: Iterable[EntryRecorded]) -> None:
        self.record("eventlog", *((f"entry/{entry.hash}", entry) for entry in entries))

    # -- the archiver

    def errand(self) -> list[Event]:
        """A minute of the archiver's schedule; what came of it."""
        self.clock.move(MINUTE_US)
        shell = self.shells["archiver"]
        made: list[Event] = []
        for slot in errands.scheduled(shell, self.clock.now_us()):
            outcome = asyncio.run(errands.act(shell, slot, self.gateways))
            if outcome.error is not None:
                raise outcome.error
            errands.conclude(shell, [outcome])
            made += [event for _, event in outcome.events]
        return made

    def publish(self) -> Ledger:
        """Settle, seal and publish; the ledger as it then stands."""
        self.settle()
        self.errand()
        self.errand()
        return self.state

    @property
    def state(self) -> Ledger:
        view = self.store.state(ARCHIVER.name, "checkpoint/log")
        return Ledger() if view is None else msgspec.json.decode(view.state, type=Ledger)

    def lost(self) -> Sequence[Event]:
        """Publish as the errand does, and stop before what it says is recorded."""
        shell = self.shells["archiver"]
        next_minute_us = self.clock.now_us() + MINUTE_US
        arrived = shell.arrived(errands.scheduled(shell, next_minute_us)[0])

        async def act() -> Sequence[Event]:
            return await LEDGER.act(self.state, arrived, self.gateways)

        return asyncio.run(act())


def entry_of(number: int, actor: str, owner: str | None = None, **facts: Any) -> EntryRecorded:
    """An entry that no other has the number of."""
    at_us = facts.pop("at_us", NOW_US)
    unnamed = EntryRecorded(
        hash="",
        kind=facts.pop("kind", "star"),
        received_at_us=at_us,
        delivery=f"{number:064x}",
        actor=actor,
        owner=owner or actor,
        **facts,
    )
    return msgspec.structs.replace(unnamed, hash=entry_hash(unnamed))


def git(folder: Path, *arguments: str, fails: bool = False) -> str:
    """What real git answers."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return (done.stdout + done.stderr).strip()


def laid_out(state: Ledger, bucket: Bucket, folder: Path) -> Path:
    """The ledger's packs as a bare repository, as whoever mirrors the bucket gets it."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "ledger.git")
    repository = folder / "ledger.git"
    for kept in state.packs:
        for suffix in ("pack", "idx"):
            name = f"objects/pack/pack-{kept.name}.{suffix}"
            data = bucket.get(f"ledger/{name}")
            assert data is not None
            (repository / name).write_bytes(data)
    git(repository, "update-ref", "refs/heads/main", state.commit)
    return repository


def some(count: int, first: int = 0) -> list[EntryRecorded]:
    """Entries of ADA's, a second apart."""
    return [entry_of(first + n, ADA, at_us=NOW_US + (first + n) * SECOND_US) for n in range(count)]


def entered(count: int) -> tuple[Publishing, list[EntryRecorded]]:
    """ADA has agreed, and so many of their entries are recorded."""
    at, entries = Publishing(), some(count)
    at.agree(ADA)
    at.enter(entries)
    return at, entries


def read(at: Publishing, folder: Path) -> ledger.History:
    """The ledger, read as anybody reads it."""
    folder.mkdir(exist_ok=True)
    copy = LedgerCopy(laid_out(at.state, at.bucket, folder))
    history = ledger.read(copy.main, copy.fetch)
    ledger.check_signatures(history.heads, [key_of(at.state.key)], copy.fetch)
    return history


def house_of(at: Publishing) -> House:
    """A gateway on the same stores."""
    house = House()
    house.store, house.bus, house.bucket, house.ledger = at.store, at.bus, at.bucket, at.bucket
    return house

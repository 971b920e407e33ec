"""A House in memory for the gateway's tests: the real functions, shells and adapters, and HTTP into the gateway.

Events may also be recorded as a function would record them, to begin a test in the middle of things.
"""

import asyncio
from collections.abc import Sequence
from io import BytesIO
from itertools import count
from typing import Any, TypeVar

import httpx
import msgspec

from functions.gateway.app import app
from functions.gateway.auth import PREFIX
from shared.adapters.keyring import Keyring
from shared.adapters.memory import ManualClock, MemoryBucket, MemoryBus, MemorySecrets, MemoryStore
from shared.adapters.ssh_keygen import SshKeygen
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash
from shared.domain.event import Event, Recorded
from shared.domain.event import House as Constants
from shared.domain.handles import addressed, handle_of
from shared.domain.ids import uuid5
from shared.domain.instants import HOUR_US, SECOND_US
from shared.domain.lanes import LANES
from shared.domain.matches import Seat, SessionProposed, Ticket, TicketDrawn, TicketQueued
from shared.domain.requests import Role, TokenIssued
from shared.domain.tokens import token_digest
from shared.ports.accounts import Accounts
from shared.ports.store import View
from shared.runtime import raw
from shared.runtime.discover import functions
from shared.runtime.edge import Receipt, Submission, Trouble
from shared.runtime.sealing import opened, opened_event
from shared.runtime.shell import Ports, Shell
from tests.given import HOUSE, NOW_US, SEALS

T = TypeVar("T")


class House:
    """One House. It is the gateway's Edge itself."""

    def __init__(self, seals: Keyring = SEALS) -> None:
        self.house: Constants = HOUSE
        self.seals = seals
        self.clock = ManualClock(NOW_US)
        self.secrets = MemorySecrets({"sign-in": b"sign-in secret of the tests"})
        self.bucket = self.ledger = MemoryBucket()
        self.store, self.bus = MemoryStore(), MemoryBus()
        ports = Ports(self.store, self.bus, self.bucket, self.clock, self.house, seals)
        self.shells = {function.name: Shell(function, ports) for function in functions()}
        self.ssh = SshKeygen()
        self.accounts: Accounts | None = None
        self.settles = self.ticks = True
        self.handled: list[tuple[str, str]] = []
        self.found: list[Trouble] = []
        self._numbers = count()
        self._tokens: dict[tuple[Role, str], str] = {}
        self.app = app(self)

    # -- what the gateway sees

    async def submit(self, submission: Submission) -> Receipt:
        receipt = self.shells["gateway"].accept([submission])[0]
        if self.settles:
            self.settle()
        events = [opened_event(event, self.seals) for event in receipt.events]
        return Receipt(receipt.correlation, tuple(events), receipt.duplicate)

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(self.shells)

    def put_away(self, name: str, body: bytes, received_us: int) -> None:
        self.bucket.put(name, raw.sealed(body, received_us, SEALS))

    def fresh_id(self) -> str:
        return uuid5("fresh", str(next(self._numbers)))

    def state(self, function: str, stream: str, kind: type[T]) -> T | None:
        view = self.store.state(function, stream)
        return None if view is None else self.opened(msgspec.json.decode(view.state, type=kind))

    def states(
        self,
        function: str,
        kind: type[T],
        tag: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[View, T]]:
        views = self.store.states(function, tag, before, limit)
        return [(view, self.opened(msgspec.json.decode(view.state, type=kind))) for view in views]

    def opened(self, body: T) -> T:
        return opened(body, self.seals)

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        return [opened_event(event, self.seals) for event in self.store.journey(correlation, limit)]

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        return [opened_event(event, self.seals) for event in self.store.read(stream, after, limit)]

    def log(self, after: int, limit: int) -> list[Recorded]:
        return [opened_event(event, self.seals) for event in self.store.since(after, limit)]

    def troubles(self) -> list[Trouble]:
        return self.found

    async def redrive(self, function: str, stream: str) -> bool:
        return self.shells[function].redrive(stream)

    # -- what is sent to it

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request from outside."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.house.origin) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    # -- what happens elsewhere

    def settle(self) -> None:
        """Let the deciders handle what waits for them, and what is due where `ticks`."""
        self.follow()
        woken = sum(shell.tick(self.clock.now_us()) for shell in self._deciders()) if self.ticks else 0
        if woken:
            self.settle()

    def follow(self) -> None:
        """Let the deciders handle what waits for them, and what comes of it; `handled` says who handled what."""
        busy = True
        while busy:
            busy = False
            for shell in self._deciders():
                events = self.bus.pull(shell.name, shell.reads, 100)
                if events:
                    self.handled += [(shell.name, event.type) for event in events]
                    shell.handle(events)
                    busy = True

    def _deciders(self) -> list[Shell]:
        return [shell for shell in self.shells.values() if not shell.function.errands]

    def record(self, function: str, stream: str, *events: Event, correlation: str | None = None) -> str:
        """Record events as `function` would; their correlation id."""
        given = correlation or self.fresh_id()
        batch = self.shells[function].batch()
        batch.load([(stream, "")])
        happened = [(stream, event) for event in events]
        batch.add(self.fresh_id(), given, self.clock.now_us(), happened)
        self.shells[function].publish(batch.append())
        self.settle()
        return given

    def pseudonym(self, number: int) -> str:
        """The developer with that account number."""
        return self.house.pseudonym(f"github:{number}")

    def entry(self, actor: int | None, owner: int | None = None, **facts: Any) -> EntryRecorded:
        """Record an entry between two developers, as the event log would."""
        login, pseudonym = facts.get("actor_login"), self.house.pseudonym
        facts |= addressed(facts.pop("trailers", None), pseudonym)
        unnamed = EntryRecorded(
            hash="",
            kind=facts.pop("kind", "star"),
            received_at_us=self.clock.now_us(),
            delivery="d" * 64,
            actor=None if actor is None else self.pseudonym(actor),
            owner=None if owner is None else self.pseudonym(owner),
            repository=facts.pop("repository", "octo/hello"),
            ordinal=next(self._numbers),
            actor_handle=handle_of(login, pseudonym) if login else None,
            **facts,
        )
        entry = msgspec.structs.replace(unnamed, hash=entry_hash(unnamed))
        self.record("eventlog", f"entry/{entry.hash}", entry)
        return entry

    def seats(self, session: str) -> tuple[Seat, ...]:
        """Developers 1 to 5, a lane each."""
        return tuple(
            Seat(f"{session}.{lane}", lane, self.pseudonym(number), f"ticket{number}", "primary")
            for number, lane in enumerate(LANES, 1)
        )

    def propose(
        self, brief: str, client: str, session: str = "5" * 32, correlation: str | None = None
    ) -> str:
        """A session of developers 1 to 5; its id."""
        proposed = SessionProposed(
            session=session,
            brief=brief,
            client=client,
            pool="default",
            seats=self.seats(session),
            quality=0.9,
            window_s=3_600,
            deadline_us=self.clock.now_us() + 600 * SECOND_US,
        )
        self.record("matchmaker", f"session/{session}", proposed, correlation=correlation)
        return session

    def draw(self, session: str) -> None:
        """Developer 1's ticket has drawn the first seat of the session."""
        me, until_us = self.pseudonym(1), self.clock.now_us() + HOUR_US
        ticket = Ticket("a" * 32, "facilitator", "designer", ("en",), 0.0, "default", until_us)
        drawn = TicketDrawn(me, ticket.id, f"{session}.facilitator", session)
        self.record("matchmaker", f"ticket/{me}", TicketQueued(me, ticket), drawn)

    # -- who asks

    def token(self, role: Role, subject: str = "*") -> str:
        """A token of that role and subject."""
        if (role, subject) not in self._tokens:
            token = f"{PREFIX}{role}-{subject}"
            issued = TokenIssued(token_digest(token), role, subject, f"{role} {subject}", NOW_US)
            self.record("gateway", f"token/{token_digest(token)}", issued)
            self._tokens[role, subject] = token
        return self._tokens[role, subject]

    def operator(self) -> "Voice":
        return Voice(self, self.token("operator"))

    def developer(self, number: int) -> "Voice":
        return Voice(self, self.token("developer", self.pseudonym(number)))

    def customer(self, name: str = "client_tide") -> "Voice":
        return Voice(self, self.token("client", name))

    def speaking_as(self, role: Role) -> "Voice":
        """Somebody of that role."""
        match role:
            case "operator":
                return self.operator()
            case "client":
                return self.customer()
            case "developer":
                return self.developer(1)

    def nobody(self) -> "Voice":
        return Voice(self, None)


class Voice:
    """Somebody's way to the gateway."""

    def __init__(self, house: House, token: str | None) -> None:
        self.house, self.token = house, token

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self._ask("POST", path, body, headers)

    def delete(self, path: str) -> httpx.Response:
        return self._ask("DELETE", path, None, {})

    def _ask(self, method: str, path: str, body: Any, named: dict[str, str]) -> httpx.Response:
        headers = {name.replace("_", "-"): value for name, value in named.items()}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return self.house.request(method, path, json=body, headers=headers)

    def upload(self, path: str, data: bytes, **fields: str) -> httpx.Response:
        files = {"file": ("image.png", data, "image/png")}
        headers = {"authorization": f"Bearer {self.token}"}
        return self.house.request(
            "POST", path, files=files, data={"kind": "image", **fields}, headers=headers
        )


def picture(width_px: int = 320, height_px: int = 200) -> bytes:
    """A PNG."""
    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (width_px, height_px), (200, 220, 210)).save(file, "PNG")
    return file.getvalue()


def later(house: House, hours: float) -> None:
    """Let time pass, and what is due happen."""
    house.clock.move(int(hours * HOUR_US))
    house.settle()


def hashes(answer: httpx.Response) -> Sequence[str]:
    """The entries of an answer, by hash."""
    return [entry["hash"] for entry in answer.json()["entries"]]

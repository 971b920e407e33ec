"""The edge of an HTTP function that runs by itself: see Edge. Other functions are other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import uuid4

import msgspec

from shared.domain.event import House, Recorded
from shared.ports.accounts import Accounts
from shared.ports.bucket import Bucket
from shared.ports.clock import Clock
from shared.ports.secrets import Secrets
from shared.ports.ssh_judge import SshJudge
from shared.ports.store import Store, View
from shared.runtime.edge import Receipt, Submission, Trouble
from shared.runtime.shapes import EVERY, Gateways, Intake
from shared.runtime.shell import Ports, Shell

T = TypeVar("T")


@lru_cache(maxsize=256)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, kind))


def _decode(kind: type[T], state: bytes) -> T:
    body: T = _decoder(cast(Hashable, kind)).decode(state)
    return body


class HostedEdge:
    """What one HTTP function may do: see Edge. `submit`, `troubles` and `redrive` are its host's."""

    def __init__(
        self,
        shell: Shell,
        intake: Intake,
        secrets: Secrets,
        gateways: Gateways,
        functions: Collection[str],
        submit: Callable[[Submission], Awaitable[Receipt]],
        troubles: Callable[[], list[Trouble]],
        redrive: Callable[[str, str], bool],
    ) -> None:
        self._ports: Ports = shell.ports
        self._store: Store = shell.ports.store
        self._name = shell.name
        self._views = {shell.name, *(functions if intake.views == EVERY else intake.views)}
        self._secrets, self._gateways, self._functions = secrets, gateways, tuple(functions)
        self._submit, self._troubles, self._redrive = submit, troubles, redrive

    @property
    def house(self) -> House:
        """See Edge."""
        return self._ports.house

    @property
    def functions(self) -> tuple[str, ...]:
        """See Edge."""
        return self._functions

    @property
    def clock(self) -> Clock:
        """See Edge."""
        return self._ports.clock

    @property
    def secrets(self) -> Secrets:
        """See Edge."""
        return self._secrets

    @property
    def bucket(self) -> Bucket:
        """See Edge."""
        return self._ports.bucket

    @property
    def ledger(self) -> Bucket:
        """See Edge."""
        return self._gateways.ledger

    @property
    def ssh(self) -> SshJudge:
        """See Edge."""
        return self._gateways.ssh

    @property
    def accounts(self) -> Accounts | None:
        """See Edge."""
        return self._gateways.accounts

    async def submit(self, submission: Submission) -> Receipt:
        """See Edge."""
        return await self._submit(submission)

    def fresh_id(self) -> str:
        """See Edge."""
        return uuid4().hex

    def state(self, function: str, stream: str, kind: type[T]) -> T | None:
        """See Edge."""
        view = self._store.state(self._allowed(function), stream)
        return None if view is None else _decode(kind, view.state)

    def states(
        self,
        function: str,
        kind: type[T],
        tag: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[View, T]]:
        """See Edge."""
        views = self._store.states(self._allowed(function), tag, before, limit)
        return [(view, _decode(kind, view.state)) for view in views]

    def _allowed(self, function: str) -> str:
        if function not in self._views:
            raise PermissionError(f"{self._name} did not declare that it reads {function}'s states")
        return function

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """See Edge."""
        return self._store.journey(correlation, limit)

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See Edge."""
        return self._store.read(stream, after, limit)

    def log(self, after: int, limit: int) -> list[Recorded]:
        """See Edge."""
        return self._gateways.log.since(after, limit)

    def troubles(self) -> list[Trouble]:
        """See Edge. What other processes suffer from is in their logs and metrics."""
        return self._troubles()

    async def redrive(self, function: str, stream: str) -> bool:
        """See Edge."""
        return await asyncio.to_thread(self._redrive, function, stream)

"""Reading: what an HTTP function may see, wherever it runs: views of declared functions, with personal text opened."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
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
from shared.ports.store import View
from shared.runtime import raw
from shared.runtime.edge import Receipt
from shared.runtime.sealing import opened, opened_event
from shared.runtime.shapes import Gateways
from shared.runtime.shell import Ports

T = TypeVar("T")


@lru_cache(maxsize=256)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, kind))


class Reading:
    """The half of an edge that reads: see Edge. `views` are the functions whose states the function `name` may read."""

    def __init__(
        self, name: str, ports: Ports, secrets: Secrets, gateways: Gateways, views: Collection[str]
    ) -> None:
        self._name, self._ports, self._views = name, ports, frozenset(views)
        self._secrets, self._gateways = secrets, gateways

    @property
    def house(self) -> House:
        """See Edge."""
        return self._ports.house

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

    def put_away(self, name: str, body: bytes, received_us: int) -> None:
        """See Edge."""
        self._ports.bucket.put(name, raw.sealed(body, received_us, self._ports.seals))

    def fresh_id(self) -> str:
        """See Edge."""
        return uuid4().hex

    def state(self, function: str, stream: str, kind: type[T]) -> T | None:
        """See Edge."""
        view = self._ports.store.state(self._allowed(function), stream)
        return None if view is None else self._read(kind, view)

    def states(
        self,
        function: str,
        kind: type[T],
        tag: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[View, T]]:
        """See Edge."""
        views = self._ports.store.states(self._allowed(function), tag, before, limit)
        return [(view, self._read(kind, view)) for view in views]

    def _allowed(self, function: str) -> str:
        if function not in self._views:
            raise PermissionError(f"{self._name} did not declare that it reads {function}'s states")
        return function

    def _read(self, kind: type[T], view: View) -> T:
        state: T = _decoder(cast(Hashable, kind)).decode(view.state)
        return self.opened(state)

    def opened(self, body: T) -> T:
        """See Edge."""
        return opened(body, self._ports.seals)

    def readable(self, receipt: Receipt) -> Receipt:
        """The receipt of a repeated request with its events as people read them, so that the two can be compared."""
        if not receipt.duplicate:
            return receipt
        return Receipt(receipt.correlation, tuple(self._opened(receipt.events)), duplicate=True)

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """See Edge."""
        return self._opened(self._ports.store.journey(correlation, limit))

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See Edge."""
        return self._opened(self._ports.store.read(stream, after, limit))

    def log(self, after: int, limit: int) -> list[Recorded]:
        """See Edge."""
        return self._opened(self._gateways.log.since(after, limit))

    def _opened(self, events: Sequence[Recorded]) -> list[Recorded]:
        return [opened_event(event, self._ports.seals) for event in events]

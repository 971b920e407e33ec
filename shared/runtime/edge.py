"""Edge: what an HTTP function may do. It submits events, reads views, and knows the node's health.

Bad input stops here with an RFC 9457 problem document (`Rejection`); it never becomes an event.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from shared.domain.event import Event, House, Recorded
from shared.ports.accounts import Accounts
from shared.ports.bucket import Bucket
from shared.ports.clock import Clock
from shared.ports.secrets import Secrets
from shared.ports.ssh_judge import SshJudge
from shared.ports.store import View

T = TypeVar("T")


class Rejection(Exception):
    """A refusal as an RFC 9457 problem document. `fields` names each wrong field and its limit.

    `status` is the HTTP status; `retry_after_s` becomes the Retry-After header.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        fields: Sequence[tuple[str, str]] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.fields, self.retry_after_s = tuple(fields), retry_after_s

    def document(self, correlation: str) -> bytes:
        """The body of an `application/problem+json` answer."""
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "correlationid": correlation,
        }
        if self.fields:
            problem["errors"] = [{"field": field, "detail": detail} for field, detail in self.fields]
        return msgspec.json.encode(problem)


class Submission(Struct, frozen=True):
    """Events to append for one request. `input_id` makes a repeated request the same one.

    `events` are (stream, body), in order; `attachment` is kept beside the first stream for 30 days, sealed.
    """

    input_id: str
    correlation: str
    time_us: int
    events: tuple[tuple[str, Event], ...]
    attachment: bytes | None = None


class Receipt(Struct, frozen=True):
    """What is durable now. `duplicate`: this request was handled before, and these are its events of then."""

    correlation: str
    events: tuple[Recorded, ...]
    duplicate: bool


class Trouble(Struct, frozen=True):
    """Why a function makes no progress."""

    function: str
    reason: str


class Edge(Protocol):
    """One HTTP function's hands. Views are read-only and may be of any function it declared."""

    @property
    def house(self) -> House:
        """The node's published constants: origin, terms, pseudonyms."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of all functions of the route."""

    @property
    def clock(self) -> Clock:
        """The present."""

    @property
    def secrets(self) -> Secrets:
        """The node's secrets."""

    @property
    def bucket(self) -> Bucket:
        """Images and large raw bodies."""

    @property
    def ledger(self) -> Bucket:
        """What is public: the ledger's packs."""

    @property
    def ssh(self) -> SshJudge:
        """Whether SSH signatures hold."""

    @property
    def accounts(self) -> Accounts | None:
        """Who somebody is at GitHub, where the node was told to ask."""

    async def submit(self, submission: Submission) -> Receipt:
        """Append and return when it is durable.

        Raises:
            Rejection: 429 when the node has more in hand than it can keep up with.
        """

    def put_away(self, name: str, body: bytes, received_us: int) -> None:
        """Keep a raw body that is too large for an attachment as the object `name`, sealed."""

    def fresh_id(self) -> str:
        """A new random id, 32 hex digits: for correlation, briefs, tickets."""

    def state(self, function: str, stream: str, kind: type[T]) -> T | None:
        """The state of one stream of `function`, read as `kind`, or None."""

    def states(
        self,
        function: str,
        kind: type[T],
        tag: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[View, T]]:
        """States of `function` that carry `tag`, newest stream first; `before` is the last page's last cursor."""

    def opened(self, body: T) -> T:
        """A body or state read as raw bytes, its personal text as people read it. All else that is read is so already."""

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """All events of one correlation id, in the order in which they were recorded."""

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """The events of one stream, in version order."""

    def log(self, after: int, limit: int) -> list[Recorded]:
        """Everything recorded after a position, by all functions, in order: for operators."""

    def troubles(self) -> list[Trouble]:
        """Which functions make no progress, and why; empty when all is well."""

    async def redrive(self, function: str, stream: str) -> bool:
        """Handle the parked input kept in the dead-letter `stream` again; whether it went through."""

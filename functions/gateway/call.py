"""What a handler gets and gives. Handlers look and say what is to be submitted; they never wait."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel

from functions.gateway.answers import Requested
from functions.gateway.auth import Caller
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.requests import Role
from shared.runtime.edge import Edge, Receipt, Rejection

JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """One request, its sender known and its right to ask checked.

    `input_id` is the same for the same Idempotency-Key of the same token. `headers` are lower-case; `cookies` are a
    browser's.
    """

    edge: Edge
    correlation: str
    now_us: int
    input_id: str
    path: Mapping[str, str]
    headers: Mapping[str, str]
    known: Caller | None
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def who(self) -> Caller:
        """The caller of a route that asks for a role."""
        if self.known is None:
            raise Rejection(401, "Token missing", "expected Authorization: Bearer <token>")
        return self.known

    def derived(self, *what: str) -> str:
        """An id for something this request makes: the same each time the request is repeated."""
        return uuid5("gateway", self.input_id, *what)


@dataclass(frozen=True)
class Answer:
    """What is sent back. `etag` makes it conditional; without it, nobody keeps a copy.

    A body in pieces is sent as they are made; its end shows that it is whole.
    """

    body: BaseModel | bytes | Iterator[bytes] = b""
    status: int = 200
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None


@dataclass(frozen=True)
class Submit:
    """Events to append; the answer is made of the receipt once they are durable.

    `input_id` is given where what is asked for is the same whoever asks. `once` is the refusal of asking again, where
    what is asked for may be had one time only.
    """

    events: tuple[tuple[str, Event], ...]
    answer: Callable[[Receipt], Answer]
    input_id: str | None = None
    once: Rejection | None = None


Outcome = Answer | Submit
Handler = Callable[..., Outcome] | Callable[..., Awaitable[Outcome]]
Roles = tuple[Role, ...]
EVERYBODY: Roles = get_args(Role)
DEVELOPER: Roles = ("developer",)


@dataclass(frozen=True)
class Route:
    """One thing that can be asked: the router and the OpenAPI document are both made of these.

    `roles` is None where no token is asked for. `body` and `query` are the models that the handler's second
    argument is checked against; `answer` a model or a media type. `upload` also takes an image as a form, `form`
    takes nothing else. `octets` also takes its commit as it is. `download` is sent while it is read. `page`: it is for
    eyes, and so are its refusals.
    """

    method: str
    path: str
    summary: str
    handler: Handler | None
    roles: Roles | None = None
    body: Any = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | str = JSON
    status: int = 200
    refusals: tuple[int, ...] = ()
    upload: bool = False
    form: bool = False
    octets: bool = False
    download: bool = False
    page: bool = False


def requested(developer: str, *said: Event) -> Submit:
    """What a developer asks for or says, in their own stream."""

    def answer(receipt: Receipt) -> Answer:
        return Answer(Requested(request=receipt.events[0].id, correlationid=receipt.correlation), 202)

    return Submit(tuple((f"person/{developer}", event) for event in said), answer)


def missing(what: str) -> Rejection:
    """The refusal for what is not there, or not there for this caller: the two look the same."""
    return Rejection(404, "Not found", f"there is no such {what}, or it does not concern you")


def bad(field: str, detail: str) -> Rejection:
    """The refusal of one field, by its name."""
    return Rejection(400, "Bad request", f"{field}: {detail}", [(field, detail)])

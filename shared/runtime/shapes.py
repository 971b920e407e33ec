"""The four shapes of a function: intake, decider, draw, errand. There is no fifth.

A function's folder declares one `FUNCTION` made of shapes; everything else (the route's picture,
the wiring of a node, the deployment) is made from these declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from shared.domain import parked
from shared.domain.event import Due, Event, Input, Scheduled, type_of

if TYPE_CHECKING:
    from shared.ports.accounts import Accounts
    from shared.ports.bodies import Bodies
    from shared.ports.bucket import Bucket
    from shared.ports.log import Log
    from shared.ports.seals import Seals
    from shared.ports.signer import Signer
    from shared.ports.ssh_judge import SshJudge
    from shared.ports.views import Views
    from shared.ports.web import Web
    from shared.runtime.edge import Edge

S = TypeVar("S")
Asgi = Callable[..., Awaitable[None]]
EVERY = ("*",)
"""As an intake's `views`: the states of every function there is, also of those that are yet to come."""
ENGINE_EVENTS: tuple[type[Event], ...] = (Due, Scheduled)


def _never(_: Any) -> int | None:
    return None


def _untagged(_: Any) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Fold(Generic[S]):
    """What a kind of stream remembers: the state after its events, when it is due, and what it is found by.

    `prefix` is the part of the stream's name before the first `/`. `whole` marks streams whose one event is
    their whole life: their state is that event's body and is not stored twice.
    """

    prefix: str
    state: type[S]
    initial: S
    evolve: Callable[[S, Any], S]
    due_at_us: Callable[[S], int | None] = _never
    tags: Callable[[S], frozenset[str]] = _untagged
    whole: bool = False


@dataclass(frozen=True)
class Decider(Generic[S]):
    """Pure: from a stream's state and one input to new events of that stream.

    `streams` names the streams an input concerns, none when it concerns nobody here. `ordered` asks that the
    events of each stream read arrive in version order; others must not care. `attached` asks for the raw body.
    """

    fold: Fold[S]
    reads: tuple[type[Event], ...]
    streams: Callable[[Input], Iterable[str]]
    decide: Callable[[S, Input], Sequence[Event]]
    ordered: bool = False
    attached: bool = False


@dataclass(frozen=True)
class Spread:
    """A decider whose one input begins many streams, each with its whole life in one event.

    `spread` is pure and gives (stream, event) pairs, at most `limit`; a stream that exists already is left alone.
    """

    fold: Fold[Any]
    reads: tuple[type[Event], ...]
    spread: Callable[[Input], Sequence[tuple[str, Event]]]
    attached: bool = False
    limit: int = 2048


@dataclass(frozen=True)
class Draw:
    """Pure: from many states of the function's own to events of several of its streams, in one append.

    Every `every_s` seconds it sees the states that carry one of `tags` (at most `limit` of each), by stream. `sees` is
    what of a state tells this draw's input from that of any other: nothing that depends on clocks or on the order of
    handling, and what is drawn from some states changes it, for good, in one of them.
    """

    tags: tuple[str, ...]
    every_s: int
    draw: Callable[[Mapping[str, Any], int, str], Sequence[tuple[str, Event]]]
    sees: Callable[[Any], str]
    limit: int = 100_000


@dataclass(frozen=True)
class Gateways:
    """The outside, as an errand may touch it. `github_url` is the base of a GitHub-shaped REST API.

    `ledger` is the bucket of what is public; `views` shows all functions' states as they are now;
    `bodies` are the raw bodies beside their records.
    """

    web: Web
    bucket: Bucket
    log: Log
    github_url: str
    github_token: str | None
    ledger: Bucket
    views: Views
    bodies: Bodies
    seals: Seals
    signer: Signer
    ssh: SshJudge
    accounts: Accounts | None = None


@dataclass(frozen=True)
class Errand(Generic[S]):
    """Effects, only through the gateways handed in; what came of them is the events it returns.

    With `every_s` it is also woken on a schedule (a Scheduled input).
    """

    fold: Fold[S]
    reads: tuple[type[Event], ...]
    streams: Callable[[Input], Iterable[str]]
    act: Callable[[S, Input, Gateways], Awaitable[Sequence[Event]]]
    every_s: int | None = None
    ordered: bool = False


@dataclass(frozen=True)
class Intake:
    """HTTP in, events out: `app` is built once with the edge it may submit through and read views from.

    `paths` are the URL prefixes it answers; `views` the functions whose states it may read.
    """

    paths: tuple[str, ...]
    app: Callable[[Edge], Asgi]
    views: tuple[str, ...] = ()
    folds: tuple[Fold[Any], ...] = ()


def dead_letters() -> Fold[parked.Parked]:
    """What every function remembers of the inputs it parked."""
    return Fold("parked", parked.Parked, parked.Parked(), parked.evolve, tags=parked.tags)


Shape = Decider[Any] | Spread | Draw | Errand[Any] | Intake
Reader = Decider[Any] | Spread | Errand[Any]


@dataclass(frozen=True)
class Function:
    """One step of the route: a name, the topic it alone writes, and its shapes.

    `secrets` are the names of those it asks for; `standard.*` stands for every Standard Webhooks sender's. `ledger` is
    what it does with the public ledger's bucket.
    """

    name: str
    writes: str
    shapes: tuple[Shape, ...]
    secrets: tuple[str, ...] = ()
    ledger: Literal["reads", "writes"] | None = None

    def __post_init__(self) -> None:
        """Errands run apart from decisions, and one position in the bus serves them all.

        Raises:
            ValueError: the shapes mix errands with others that read.
        """
        if self.errands and any(not isinstance(shape, Errand) for shape in self.readers):
            raise ValueError(f"{self.name}: errands and deciders belong into functions of their own")

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Its shapes that read events."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Decider | Spread | Errand))

    @property
    def errands(self) -> tuple[Errand[Any], ...]:
        """Its errands."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Errand))

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Its draws."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Draw))

    @property
    def reads_words(self) -> bool:
        """Whether it gets people's words as they are, on an errand or with a raw body. Others pass on tokens."""
        return bool(self.errands) or any(
            shape.attached for shape in self.readers if not isinstance(shape, Errand)
        )

    @property
    def intakes(self) -> tuple[Intake, ...]:
        """Its HTTP side."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Intake))

    @property
    def folds(self) -> dict[str, Fold[Any]]:
        """What its streams remember, by stream prefix."""
        own = [shape.fold for shape in self.readers]
        edge = [fold for intake in self.intakes for fold in intake.folds]
        return {fold.prefix: fold for fold in (*own, *edge)}

    @property
    def reads(self) -> frozenset[str]:
        """The names of the event types it reads, without the engine's own ticks."""
        return frozenset(
            type_of(body).name for shape in self.readers for body in shape.reads if body not in ENGINE_EVENTS
        )

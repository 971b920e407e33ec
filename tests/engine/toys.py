"""Small functions that show one rule each, and a house of them on any adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from shared.adapters.memory import ManualClock, MemoryBucket
from shared.domain.event import Due, Event, Input, Recorded, event
from shared.domain.ids import uuid5
from shared.ports.bus import Bus
from shared.ports.store import Store
from shared.ports.web import Page, Unreachable
from shared.runtime.edge import Receipt, Submission
from shared.runtime.sealing import opened
from shared.runtime.shapes import Decider, Draw, Errand, Fold, Function, Gateways, Intake, Spread
from shared.runtime.shell import Ports, Shell
from tests.contracts.stores import Adapter
from tests.given import HOUSE, NOW_US, SEALS
from tests.outside import gateways

replace = msgspec.structs.replace


@event("house.toyedge.ordered.v1")
class Ordered(Event, frozen=True):
    """Somebody wants something: `what` says how the toys react."""

    who: str
    what: str = "tea"


@event("house.toytill.charged.v1")
class Charged(Event, frozen=True):
    who: str
    what: str


@event("house.toytill.opened.v1")
class Opened(Event, frozen=True):
    who: str


@event("house.toytill.reminded.v1")
class Reminded(Event, frozen=True):
    at_us: int


@event("house.toyship.packed.v1")
class Packed(Event, frozen=True):
    who: str
    parcel: int


@event("house.toypair.wished.v1")
class Wished(Event, frozen=True):
    who: str


@event("house.toypair.left.v1")
class Left(Event, frozen=True):
    who: str


@event("house.toypair.drawn.v1")
class Drawn(Event, frozen=True):
    pair: str


@event("house.toypair.paired.v1")
class Paired(Event, frozen=True):
    members: tuple[str, ...]


@event("house.toycourier.sent.v1")
class Sent(Event, frozen=True):
    who: str
    answer: str


class Account(Struct, frozen=True, omit_defaults=True):
    """What the till remembers of one customer."""

    charged: tuple[str, ...] = ()
    opened: bool = False
    due_at_us: int | None = None


class Wish(Struct, frozen=True, omit_defaults=True):
    who: str = ""
    pair: str | None = None


class Pair(Struct, frozen=True, omit_defaults=True):
    members: tuple[str, ...] = ()


class Deliveries(Struct, frozen=True, omit_defaults=True):
    answers: tuple[str, ...] = ()


def whole(_: Any, happened: Any) -> Any:
    return happened


BASKET: Fold[Any] = Fold("basket", Ordered, None, whole)
ORDER: Fold[Any] = Fold("order", Ordered, None, whole, whole=True)


def account_after(state: Account, happened: Charged | Opened | Reminded) -> Account:
    match happened:
        case Opened():
            return replace(state, opened=True)
        case Reminded():
            return replace(state, due_at_us=None)
        case Charged(what="evolve bug"):
            raise LookupError("no such price")
        case Charged(what=what) if what.startswith("later"):
            return replace(state, charged=(*state.charged, what), due_at_us=int(what.split()[1]))
        case Charged(what=what):
            return replace(state, charged=(*state.charged, what))


def charge(state: Account, arrived: Input) -> Sequence[Event]:
    match arrived.body:
        case Ordered(who=who, what="open"):
            return [Opened(who)]
        case Ordered(who=who, what="if open"):
            return [Charged(who, "if open")] if state.opened else []
        case Ordered(who=who, what="twice"):
            return [Charged(who, "one"), Charged(who, "two")]
        case Ordered(what="bug"):
            raise ValueError("no change for that")
        case Ordered(who=who, what=what):
            return [Charged(who, what)]
        case Due(due_at_us=due_at_us) if "stuck" in str(state.charged):
            assert due_at_us == state.due_at_us
            return []
        case Due():
            return [Reminded(arrived.time_us)]
        case _:
            return []


def account_of(arrived: Input) -> Sequence[str]:
    match arrived.body:
        case Ordered(what="nobody"):
            return ()
        case Ordered(what="lost"):
            return ("nowhere/1",)
        case Ordered(what="foreign"):
            return ("order/1",)
        case Ordered(who=who):
            return (f"account/{who}",)
        case _:
            return ()


ACCOUNT = Fold("account", Account, Account(), account_after, due_at_us=lambda state: state.due_at_us)


def till(decide: Callable[[Account, Input], Sequence[Event]] = charge, extra: Sequence[Any] = ()) -> Function:
    """The till, perhaps with a decision mended."""
    return Function("toytill", "tills", (Decider(ACCOUNT, (Ordered, Due), account_of, decide), *extra))


def pack(arrived: Input) -> list[tuple[str, Event]]:
    assert isinstance(arrived.body, Charged)
    if arrived.body.what == "too many":
        return [(f"parcel/{arrived.id}-{n}", Packed(arrived.body.who, n)) for n in range(4)]
    return [(f"parcel/{arrived.id}-{n}", Packed(arrived.body.who, n)) for n in range(2)]


PARCEL: Fold[Any] = Fold("parcel", Packed, None, whole, tags=lambda _: frozenset({"parcel"}), whole=True)


def wish_after(state: Wish, happened: Wished | Left | Drawn) -> Wish:
    match happened:
        case Wished(who=who):
            return Wish(who)
        case Left():
            return Wish()
        case Drawn(pair=pair):
            return replace(state, pair=pair)


WISH = Fold(
    "wish", Wish, Wish(), wish_after, tags=lambda s: frozenset({"waiting"} if s.who and not s.pair else ())
)


def wish(state: Wish, arrived: Input) -> Sequence[Event]:
    match arrived.body:
        case Ordered(who=who, what="company") if not state.who:
            return [Wished(who)]
        case Ordered(who=who, what="leave") if not state.pair:
            return [Left(who)]
        case _:
            return []


def wish_of(arrived: Input) -> Sequence[str]:
    match arrived.body:
        case Ordered(who=who, what="company" | "leave"):
            return (f"wish/{who}",)
        case _:
            return ()


def pair_up(states: Mapping[str, Wish], now_us: int, seed: str) -> Sequence[tuple[str, Event]]:
    """The first two, in order of name, under the seed's own stream."""
    assert now_us % 1_000_000 == 0
    first_two = sorted(states)[:2]
    if len(first_two) < 2:
        return []
    members = tuple(states[stream].who for stream in first_two)
    return [*((stream, Drawn(seed)) for stream in first_two), (f"pair/{seed}", Paired(members))]


PAIR = Fold("pair", Pair, Pair(), lambda _, happened: Pair(happened.members))


async def send(state: Deliveries, arrived: Input, gateways: Gateways) -> Sequence[Event]:
    match arrived.body:
        case Charged(what="errand bug"):
            raise RuntimeError("the van has no wheels")
        case Charged(who=who):
            try:
                page = await gateways.web.get(f"http://courier/{who}")
            except Unreachable as error:
                return [Sent(who, str(error))]
            return [Sent(who, page.body.decode())]
        case _:
            return []


def courier_of(arrived: Input) -> Sequence[str]:
    return (f"sent/{arrived.body.who}",) if isinstance(arrived.body, Charged) else ()


SENT = Fold("sent", Deliveries, Deliveries(), lambda s, e: Deliveries((*s.answers, e.answer)))

EDGE = Function("toyedge", "orders", (Intake(("/",), lambda _: lambda *_: None, folds=(ORDER, BASKET)),))  # type: ignore[arg-type, return-value]  # its HTTP side is never asked
TILL = till()
SHIP = Function("toyship", "parcels", (Spread(PARCEL, (Charged,), pack, limit=3),))
PAIRS = Function(
    "toypair",
    "pairs",
    (
        Decider(WISH, (Ordered,), wish_of, wish),
        Decider(PAIR, (), lambda _: (), lambda _s, _a: ()),
        Draw(("waiting",), 10, pair_up, lambda wish: wish.who),
    ),
)
COURIER = Function("toycourier", "sendings", (Errand(SENT, (Charged,), courier_of, send),))
ALL = (EDGE, TILL, SHIP, PAIRS, COURIER)


@dataclass
class CourierSite:
    """The outside as a Web: it counts who asks, and may be away or too slow."""

    asked: list[str] = field(default_factory=list)
    away: bool = False
    slow: bool = False

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        self.asked.append(url)
        if self.slow:
            raise TimeoutError("the courier does not answer")
        if self.away:
            raise Unreachable("nobody there")
        return Page(url, 200, headers or {}, b"done")

    async def post_json(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Page:
        raise Unreachable(f"nothing is posted to {url} ({len(body)} bytes)")


class Toys:
    """Toy functions on one adapter, with hands to give and take."""

    def __init__(
        self,
        adapter: Adapter,
        functions: Sequence[Function] = ALL,
        store: Store | None = None,
        bus: Bus | None = None,
    ) -> None:
        self.adapter, self.functions = adapter, functions
        self.clock, self.bucket = ManualClock(NOW_US), MemoryBucket()
        self.ports = Ports(store or adapter.store, bus or adapter.bus, self.bucket, self.clock, HOUSE, SEALS)
        self.shells = {function.name: Shell(function, self.ports) for function in functions}
        self.site = CourierSite()
        assert adapter.log is not None
        self.log = adapter.log
        self.gateways = gateways(self.site, adapter.log, self.bucket, github_url="http://courier")

    def __getitem__(self, name: str) -> Shell:
        return self.shells[name]

    def order(self, who: str, what: str = "tea", key: str | None = None, at_us: int = NOW_US) -> Receipt:
        """Somebody orders something."""
        return self["toyedge"].accept([order(who, what, key, at_us)])[0]

    def handle(self, name: str, limit: int = 100) -> list[Recorded]:
        """Handle what waits for one function, once."""
        shell = self[name]
        return shell.handle(self.ports.bus.pull(name, shell.reads, limit))

    def everything(self) -> list[Recorded]:
        """The log."""
        return self.log.since(0, 10_000)

    def state(self, name: str, stream: str) -> Any:
        """The state of a stream, as its function sees it."""
        view = self.ports.store.state(name, stream)
        return self[name].folds.state(stream, view.state if view else None)

    def letters(self, name: str) -> list[Any]:
        """The open dead letters of a function."""
        views = self.ports.store.states(name, "parked")
        return [opened(self[name].folds.state(view.stream, view.state), self.ports.seals) for view in views]


def order(who: str, what: str = "tea", key: str | None = None, at_us: int = NOW_US) -> Submission:
    """A request, the same one for the same key."""
    key = key or f"{who} {what}"
    return Submission(
        uuid5("request", key),
        uuid5("journey", key),
        at_us,
        ((f"order/{uuid5('order', key)}", Ordered(who, what)),),
    )

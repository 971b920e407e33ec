"""What an event is: a frozen body with a registered type, recorded at one version of one stream.

The envelope is CloudEvents 1.0; `Recorded` holds its attributes in compact form and
`cloudevent` writes them out. Bodies are msgspec structs: they validate on decoding and
are three times as fast as the alternatives, which the engine's replay depends on.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from shared.domain.grades import LEAST_GRADE, Grade
from shared.domain.instants import rfc3339


def of(subject: str) -> msgspec.Meta:
    """The mark of text about a person (name, login, page title): `Annotated[str, of("developer")]`.

    `subject` is the field beside it that names whose it is. Such text is sealed before it leaves the process, and is
    never in logs, ledgers or digests.
    """
    return msgspec.Meta(extra={"personal": subject})


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The base of every event body. Field names end in their unit; instants are `_us`."""


class EventType(Struct, frozen=True):
    """What the registry knows of one version of an event."""

    name: str
    function: str
    body: type[Event]
    decode: Callable[[bytes], Event]


class Undecodable(Exception):
    """Stored bytes do not have the shape their type promises: a bug, so the input is parked."""


_BY_NAME: dict[str, EventType] = {}
_BY_CLASS: dict[type[Event], EventType] = {}
_E = TypeVar("_E", bound=type[Event])
_encode = msgspec.json.Encoder().encode


def event(name: str) -> Callable[[_E], _E]:
    """Register a body under its CloudEvents type, `house.<function>.<past-tense>.v<N>`."""
    house, function, _, version = name.split(".")
    if house != "house" or not version.startswith("v"):
        raise ValueError(f"an event type reads house.<function>.<past-tense>.v<N>, got {name!r}")

    def register(body: _E) -> _E:
        if name in _BY_NAME:
            raise ValueError(f"event type {name} is registered twice")
        known = EventType(name, function, body, msgspec.json.Decoder(body).decode)
        _BY_NAME[name] = _BY_CLASS[body] = known
        return body

    return register


def upcast(name: str, to: type[Event], change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Read events stored under the old type `name` as `to`, their fields passed through `change`."""

    def decode(data: bytes) -> Event:
        return msgspec.convert(change(msgspec.json.decode(data)), to)

    _BY_NAME[name] = EventType(name, name.split(".")[1], to, decode)


def type_of(body: Event | type[Event]) -> EventType:
    """The registered type of a body or of its class."""
    return _BY_CLASS[body if isinstance(body, type) else type(body)]


def all_types() -> list[EventType]:
    """Every registered type, upcast ones included, by name."""
    return [_BY_NAME[name] for name in sorted(_BY_NAME)]


def encode(body: Event) -> bytes:
    """The body as JSON, fields in their declared order: the same body is always the same bytes."""
    return _encode(body)


def decode(name: str, data: bytes) -> Event:
    """The body that `data` holds.

    Raises:
        Undecodable: the type is unknown here, or the bytes do not fit it.
    """
    known = _BY_NAME.get(name)
    if known is None:
        raise Undecodable(f"no event type {name!r} is known to this version of the House")
    try:
        return known.decode(data)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError) as error:
        raise Undecodable(f"{name}: {error}") from error


def type_named(name: str) -> type[Event] | None:
    """The body registered under a type's name."""
    known = _BY_NAME.get(name)
    return None if known is None else known.body


@cache
def personal_of(body: type[Struct]) -> dict[str, str]:
    """The fields that are marked personal, also inside optional ones and sequences, with the field of their subject."""
    found = {f.name: _subject(msgspec.inspect.type_info(f.type)) for f in msgspec.structs.fields(body)}
    return {name: subject for name, subject in found.items() if subject is not None}


def _subject(kind: msgspec.inspect.Type) -> str | None:
    match kind:
        case msgspec.inspect.Metadata(extra={"personal": str() as subject}):
            return subject
        case msgspec.inspect.Metadata(type=inner):
            return _subject(inner)
        case msgspec.inspect.UnionType(types=kinds) | msgspec.inspect.TupleType(item_types=kinds):
            return next((s for s in map(_subject, kinds) if s is not None), None)
        case msgspec.inspect.VarTupleType(item_type=item):
            return _subject(item)
        case _:
            return None


class Recorded(Struct, frozen=True, gc=False):
    """One event as its stream holds it. `position` orders events of one log, where the store has a log."""

    id: str
    type: str
    stream: str
    version: int
    time_us: int
    recorded_us: int
    correlation: str
    causation: str
    data: bytes
    position: int = 0

    @property
    def function(self) -> str:
        """The function that wrote it, the second part of its type."""
        return self.type.split(".", 2)[1]

    def cloudevent(self) -> dict[str, Any]:
        """The event in CloudEvents 1.0 structured JSON form (a dict ready for encoding)."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/functions/{self.function}",
            "type": self.type,
            "subject": self.stream,
            "time": rfc3339(self.time_us),
            "recordedtime": rfc3339(self.recorded_us),
            "datacontenttype": "application/json",
            "correlationid": self.correlation,
            "causationid": self.causation,
            "partitionkey": self.stream,
            "sequence": f"{self.version:012d}",
            "traceparent": f"00-{self.correlation}-{self.id[:16]}-01",
            "data": msgspec.Raw(self.data),
        }


@event("house.engine.due.v1")
class Due(Event, frozen=True):
    """A state said `due_at` and that instant has passed the watermark. Made by the tick, never stored."""

    due_at_us: int


@event("house.engine.scheduled.v1")
class Scheduled(Event, frozen=True):
    """A draw's or errand's slot has come. Made by the schedule, never stored."""

    slot_us: int


class House(Struct, frozen=True):
    """What every decision of one node may know beside its state and its input: published constants.

    `origin` is the node's public URL, `terms` the digest of its notice (`sha256:<hex>`), `pseudonym`
    turns an identity such as `github:42` into `dev_…` with the node's pepper. `least_grades` is the policy on
    evidence, by purpose.
    """

    origin: str
    terms: str
    pseudonym: Callable[[str], str]
    name: str = "The House"
    least_grades: Mapping[str, Grade] = {}

    def least_grade(self, purpose: str) -> Grade:
        """The least evidence on which something for that purpose may rest."""
        return self.least_grades.get(purpose, LEAST_GRADE)


class Input(Struct, frozen=True, gc=False):
    """One thing to decide on: an event's body with its place, time and the raw body it came with."""

    id: str
    time_us: int
    stream: str
    body: Event
    house: House
    attachment: bytes | None = None

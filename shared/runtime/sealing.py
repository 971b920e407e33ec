"""Sealing: personal text leaves the process only as its subject's key can open it.

What a decision makes is sealed when it is recorded, before it is folded, so that store, bus, archive and states hold
the same tokens and states can be rebuilt without any key, also after one is destroyed. Decisions see tokens, and may
only carry them on. They are opened where a person reads them (the edge) or an errand needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct

from shared.domain.event import Recorded, decode, encode, personal_of, type_named
from shared.ports.seals import Seals

T = TypeVar("T")
ERASED = "[erased]"
"""What is read where a key is gone, and written for a subject who has none any more."""
_HOUSE = "house"
"""Whose key it is where a field that names the subject is empty."""
_Turn = Callable[[str, str], str | None]


def sealed(body: T, seals: Seals) -> T:
    """The body with all its personal text sealed."""
    # Most events hold none, and this is on the way of all of them.
    return cast(T, _turned(body, seals.seal)) if is_personal(cast(type, type(body))) else body


def opened(body: T, seals: Seals) -> T:
    """The body or state with all its personal text as it was written, or as `ERASED`."""
    return cast(T, _turned(body, seals.open))


def opened_event(event: Recorded, seals: Seals) -> Recorded:
    """The event with a body that people can read."""
    known = type_named(event.type)
    if known is None or not _plan(known):
        return event
    return msgspec.structs.replace(event, data=encode(opened(decode(event.type, event.data), seals)))


def is_personal(kind: type) -> bool:
    """Whether a body of that type may hold personal text."""
    return bool(_plan(kind))


@cache
def _plan(kind: type) -> tuple[tuple[str, str | None], ...]:
    """The fields of a struct that hold personal text, with the field of its subject; None: it is deeper inside."""
    if not issubclass(kind, Struct):
        return ()
    own = personal_of(kind)
    return tuple(
        (field.name, own.get(field.name))
        for field in msgspec.structs.fields(kind)
        if field.name in own or _is_inside(msgspec.inspect.type_info(field.type), frozenset({kind}))
    )


def _is_inside(info: Any, seen: frozenset[type]) -> bool:
    """Whether a value of that type may hold a struct with personal text."""
    match info:
        case msgspec.inspect.StructType(cls=kind):
            inner = [] if kind in seen else [field.type for field in info.fields]
            return bool(kind not in seen and personal_of(kind)) or any(
                _is_inside(field, seen | {kind}) for field in inner
            )
        case msgspec.inspect.UnionType(types=kinds):
            return any(_is_inside(one, seen) for one in kinds)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            return _is_inside(item, seen)
        case msgspec.inspect.TupleType(item_types=items):
            return any(_is_inside(item, seen) for item in items)
        case msgspec.inspect.DictType(value_type=item):
            return _is_inside(item, seen)
        case msgspec.inspect.Metadata(type=inner):
            return _is_inside(inner, seen)
        case _:
            return False


def _turned(value: Any, turn: _Turn) -> Any:
    if isinstance(value, Struct):
        return _turned_struct(value, turn)
    if isinstance(value, tuple):
        return tuple(_turned(item, turn) for item in value)
    if isinstance(value, dict):
        return {name: _turned(item, turn) for name, item in value.items()}
    return value


def _turned_struct(body: Struct, turn: _Turn) -> Struct:
    changed: dict[str, Any] = {}
    for name, of in _plan(type(body)):
        before = getattr(body, name)
        after = _turned(before, turn) if of is None else _turned_text(before, getattr(body, of), turn)
        if after != before:
            changed[name] = after
    return msgspec.structs.replace(body, **changed) if changed else body


def _turned_text(text: Any, subject: Any, turn: _Turn) -> Any:
    """The text, or each of several, of one subject or of as many subjects."""
    match text:
        case str():
            found = turn(subject or _HOUSE, text)
            return ERASED if found is None else found
        case tuple() if isinstance(subject, tuple):
            return tuple(_turned_text(one, of, turn) for one, of in zip(text, subject, strict=True))
        case tuple():
            return tuple(_turned_text(one, subject, turn) for one in text)
        case _:
            return text

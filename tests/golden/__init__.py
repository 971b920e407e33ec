"""One stored example of every version of every event. A file that is there is never written again.

Events live for ever, so a body that was stored once must be readable for ever: a changed shape is a new version, and
the old type is upcast. `python -m tests.golden add` makes the files of types that have none yet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from shared.domain import parked
from shared.domain.event import Event, EventType, all_types, encode
from shared.runtime.discover import functions

FOLDER = Path(__file__).parent / "events"
INSTANT_US = 1_772_442_000_000_000


def published() -> list[EventType]:
    """The types of the House's own functions and engine, not those that tests register."""
    names = {"engine"}
    for function in functions():
        names.add(function.name)
        parked.types_for(function.name, personal=function.reads_words)
    return [kind for kind in all_types() if kind.function in names]


def stored(name: str) -> bytes | None:
    """The bytes of the example, as a store keeps them, or None."""
    path = FOLDER / f"{name}.json"
    return path.read_bytes().removesuffix(b"\n") if path.exists() else None


def add() -> list[str]:
    """Store an example of each type that has none; their names."""
    missing = [kind for kind in published() if stored(kind.name) is None]
    for kind in missing:
        with (FOLDER / f"{kind.name}.json").open("xb") as file:
            file.write(encode(example(kind.body)) + b"\n")
    return [kind.name for kind in missing]


def example(body: type[Event]) -> Event:
    """A body with every field filled, made from the types of its fields alone."""
    return msgspec.convert(_example("", inspect.type_info(body)), body)


def _example(name: str, kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata(type=inner):
            return _example(name, inner)
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return INSTANT_US if name.endswith("_us") else 3
        case inspect.FloatType():
            return 0.5
        case inspect.StrType():
            return name or "text"
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.UnionType(types=types):
            return _example(name, next(one for one in types if not isinstance(one, inspect.NoneType)))
        case inspect.TupleType(item_types=items):
            return [_example(f"{name} {n}", item) for n, item in enumerate(items, 1)]
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return [_example(name, item)]
        case inspect.FrozenSetType(item_type=item):
            return [_example(name, item)]
        case inspect.DictType(key_type=key, value_type=value):
            return {_example(f"{name} key", key): _example(name, value)}
        case inspect.StructType(fields=fields, array_like=array_like):
            made = {field.encode_name: _example(field.name, field.type) for field in fields}
            return list(made.values()) if array_like else made
        case _:
            raise TypeError(f"no example is known for {kind}")

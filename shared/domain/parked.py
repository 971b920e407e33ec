"""Dead letters: inputs that met a bug, kept with their stack until they are driven again.

They are streams of the function that failed, `parked/<function>/<input id>`, so they need no store of their own.
Their event types carry the function's name: one pair is registered for each function that reads. Where a function gets
people's words as they are, what an error says may repeat them, and is sealed with a key of that input's own.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from shared.domain.event import Event, event, of

STACK_CHARACTERS_MAX = 8_000


class InputParked(Event, frozen=True):
    """An input met a bug. `position`, `source_stream` and `source_version` say where the input lies.

    A tick has no place in a log: it is kept as `tick_us` on its own stream.
    """

    input: str
    input_type: str
    source_stream: str
    source_version: int
    error: str
    stack: str
    parked_at_us: int


class InputRedriven(Event, frozen=True):
    """The input went through after all."""

    input: str
    redriven_at_us: int


class Parked(Struct, frozen=True, omit_defaults=True):
    """The state of one dead letter."""

    input_id: str = ""
    input_type: str = ""
    source_stream: str = ""
    source_version: int = 0
    error: Annotated[str, of("input_id")] = ""
    stack: Annotated[str, of("input_id")] = ""
    parked_at_us: int = 0
    status: Literal["none", "parked", "redriven"] = "none"


def evolve(state: Parked, happened: InputParked | InputRedriven) -> Parked:
    """Park, or mark as redriven."""
    if isinstance(happened, InputRedriven):
        return msgspec.structs.replace(state, status="redriven")
    return Parked(
        happened.input,
        happened.input_type,
        happened.source_stream,
        happened.source_version,
        happened.error,
        happened.stack,
        happened.parked_at_us,
        "parked",
    )


def tags(state: Parked) -> frozenset[str]:
    """Open dead letters are found by `parked`."""
    return frozenset({"parked"} if state.status == "parked" else ())


_TYPES: dict[str, tuple[type[InputParked], type[InputRedriven]]] = {}
_SEALED = dict.fromkeys(("error", "stack"), Annotated[str, of("input")])


def types_for(function: str, *, personal: bool) -> tuple[Any, Any]:
    """The classes of `house.<function>.input-parked.v1` and `house.<function>.input-redriven.v1`.

    `personal`: what went wrong may repeat somebody's words. The first who asks decides.
    """
    if function not in _TYPES:
        parked = event(f"house.{function}.input-parked.v1")(
            type(
                "InputParked",
                (InputParked,),
                {
                    "__module__": __name__,
                    "__doc__": InputParked.__doc__,
                    "__annotations__": _SEALED if personal else {},
                },
                frozen=True,
            )
        )
        redriven = event(f"house.{function}.input-redriven.v1")(
            type("InputRedriven", (InputRedriven,), {"__module__": __name__, "__doc__": ""}, frozen=True)
        )
        _TYPES[function] = (parked, redriven)
    return _TYPES[function]

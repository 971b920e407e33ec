"""What the node says of itself, and of inputs that met a bug."""

from typing import Literal

from functions.gateway.answers import Body


class Health(Body):
    """The node answers."""

    status: Literal["ok"]


class Trouble(Body):
    """Why a function makes no progress."""

    function: str
    reason: str


class Readiness(Body):
    """Whether every function makes progress."""

    status: Literal["ready", "not ready"]
    troubles: list[Trouble]


class House(Body):
    """What an invitation has to name: the House's origin, and the digest of its notice."""

    origin: str
    terms: str
    name: str


class Letter(Body):
    """An input that met a bug."""

    stream: str
    function: str
    input: str
    type: str
    error: str
    parked_at: str
    status: str


class LetterWithStack(Letter):
    """An input that met a bug, and where."""

    stack: str


class Letters(Body):
    """Open dead letters, newest first."""

    letters: list[Letter]


class Redriven(Body):
    """Whether the input went through this time."""

    went_through: bool

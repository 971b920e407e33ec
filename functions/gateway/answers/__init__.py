"""What the API answers: one model for each, by what it is about. Instants are RFC 3339 text."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A JSON answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Done(Body):
    """What was asked for is recorded; the journey of `correlationid` shows what comes of it."""

    correlationid: str


class Requested(Done):
    """`request` is the event's id."""

    request: str


class FieldProblem(Body):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(Body):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    correlationid: str
    errors: list[FieldProblem] = []

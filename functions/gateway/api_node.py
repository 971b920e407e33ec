"""The node over HTTP: whether it lives, what it is, and its dead letters."""

from functools import lru_cache
from importlib.resources import files

from functions.gateway.answers import node as answers
from functions.gateway.call import Answer, Call, Route, bad, missing
from functions.gateway.queries import LettersQuery
from shared.domain.instants import rfc3339
from shared.domain.parked import Parked
from shared.runtime.edge import Rejection

LETTERS_MAX = 500


@lru_cache(maxsize=1)
def notice() -> bytes:
    """The text that opt-ins agree on."""
    return files("shared.domain").joinpath("notice.md").read_bytes()


def health(_: Call) -> Answer:
    """The node answers."""
    return Answer(answers.Health(status="ok"))


def readiness(call: Call) -> Answer:
    """Whether every function makes progress."""
    troubles = [answers.Trouble(function=t.function, reason=t.reason) for t in call.edge.troubles()]
    body = answers.Readiness(status="not ready" if troubles else "ready", troubles=troubles)
    return Answer(body, 503 if troubles else 200)


def house(call: Call) -> Answer:
    """What an invitation has to name."""
    return Answer(
        answers.House(origin=call.edge.house.origin, terms=call.edge.house.terms, name=call.edge.house.name)
    )


def raw_notice(call: Call) -> Answer:
    """The notice; the digest of these bytes is the terms."""
    etag, headers = call.edge.house.terms[7:39], {"vary": "Accept"}
    return Answer(notice(), media_type="text/markdown; charset=utf-8", headers=headers, etag=etag)


def list_letters(call: Call, query: LettersQuery) -> Answer:
    """Open dead letters, newest first within each function."""
    known = call.edge.functions
    wanted = known if query.function is None else (query.function,)
    if query.function not in (None, *known):
        raise bad("function", f"expected one of {', '.join(known)}")
    letters = [
        _letter(function, view.stream, parked)
        for function in wanted
        for view, parked in call.edge.states(function, Parked, "parked", None, LETTERS_MAX)
    ]
    return Answer(answers.Letters(letters=letters))


def show_letter(call: Call) -> Answer:
    """One dead letter, with its stack."""
    function, stream, parked = _found(call)
    letter = _letter(function, stream, parked)
    return Answer(answers.LetterWithStack(**letter.model_dump(), stack=parked.stack))


async def redrive(call: Call) -> Answer:
    """Handle the input again."""
    function, stream, _ = _found(call)
    try:
        return Answer(answers.Redriven(went_through=await call.edge.redrive(function, stream)))
    except KeyError as error:
        raise Rejection(409, "Nothing to redrive", str(error.args[0])) from error


def _found(call: Call) -> tuple[str, str, Parked]:
    function, stream = call.path["function"], f"parked/{call.path['function']}/{call.path['input']}"
    parked = call.edge.state(function, stream, Parked) if function in call.edge.functions else None
    if parked is None:
        raise missing("dead letter")
    return function, stream, parked


def _letter(function: str, stream: str, parked: Parked) -> answers.Letter:
    return answers.Letter(
        stream=stream,
        function=function,
        input=parked.input_id,
        type=parked.input_type,
        error=parked.error,
        parked_at=rfc3339(parked.parked_at_us),
        status=parked.status,
    )


ROUTES = (
    Route("GET", "/healthz", "Whether the node answers", health, answer=answers.Health),
    Route(
        "GET",
        "/readyz",
        "Whether every function makes progress",
        readiness,
        answer=answers.Readiness,
        refusals=(503,),
    ),
    Route("GET", "/api/house", "What an invitation has to name", house, answer=answers.House),
    Route(
        "GET",
        "/notice.md",
        "The text that opt-ins agree on, as its digest takes it",
        raw_notice,
        answer="text/markdown",
        refusals=(304,),
    ),
    Route(
        "GET",
        "/api/dead-letters",
        "List inputs that met a bug",
        list_letters,
        ("operator",),
        query=LettersQuery,
        answer=answers.Letters,
    ),
    Route(
        "GET",
        "/api/dead-letters/{function}/{input}",
        "Show an input that met a bug",
        show_letter,
        ("operator",),
        answer=answers.LetterWithStack,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/dead-letters/{function}/{input}/redrive",
        "Handle an input again",
        redrive,
        ("operator",),
        answer=answers.Redriven,
        refusals=(404, 409),
    ),
)

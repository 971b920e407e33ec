"""My data, for eyes: everything that concerns whoever is signed in, and the forms to take it back.

What a form asks for is what the API would be asked for; afterwards the page says where to see what came of it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StringConstraints

from functions.gateway import api_me, mine
from functions.gateway.api_people import consent
from functions.gateway.auth import COOKIE
from functions.gateway.bodies import Body, Consent, Erasure, Withholding
from functions.gateway.call import Answer, Call, Outcome, Submit
from functions.gateway.entering import cookie
from functions.gateway.fields import Cursor, EntryHash, cursor
from functions.gateway.folds import Person
from functions.gateway.pages.render import page
from functions.gateway.queries import Query
from shared.runtime.edge import Receipt

ENTRIES, ROWS = 25, 50
"""Rows of entries, and of every other list, on one page; the API and the downloads have all."""


class MeQuery(Query):
    """Where the entries go on, and what was just asked for."""

    after: Cursor | None = None
    asked: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None


class Withheld(Withholding):
    """The form: entries, and which of its two buttons was pressed."""

    withheld: Annotated[bool, BeforeValidator(lambda given: given == "yes")] = True


class Named(Body):
    """The form: one thing by its name."""

    name: EntryHash


class Participation(Body):
    """The form: whether one's own entries may be used."""

    given: Literal["yes", "no"]


class Typed(Body):
    """The form: the words that show that it is meant."""

    confirm: Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)] = ""


def show(call: Call, query: MeQuery) -> Answer:
    """The page."""
    return _page(call, query)


def _page(call: Call, query: MeQuery, message: str = "", status: int = 200) -> Answer:
    who = call.who
    lists: dict[str, Any] = {}
    for kind in mine.KINDS:
        first = kind.name == "entries"
        lists[kind.name] = kind.read(
            call.edge, who, query.after if first else None, ENTRIES if first else ROWS
        )
    following = lists["entries"].following
    return page(
        call,
        "me.html",
        status,
        person=call.edge.state("gateway", f"person/{who.subject}", Person) or Person(),
        lists=lists,
        ending=api_me.ENDING,
        older=None if following is None else f"/me?after={cursor(following)}#entries",
        asked=query.asked,
        message=message,
    )


def withhold(call: Call, given: Withheld) -> Submit:
    """Withhold the marked entries, or release them."""
    return _back(api_me.withhold(call, given))


def withdraw(call: Call, given: Named) -> Submit:
    """Take an opt-in back."""
    return _back(api_me.withdraw(_about(call, "invitation", given.name)))


def revoke(call: Call, given: Named) -> Outcome:
    """Revoke a token or session."""
    outcome = api_me.revoke(_about(call, "sha256", given.name))
    return _back(outcome) if isinstance(outcome, Submit) else _to_me(None)


def participate(call: Call, given: Participation) -> Submit:
    """Let one's own entries be used, or no longer."""
    return _back(consent(call, Consent(purpose="participation", given=given.given == "yes")))


def erase(call: Call, given: Typed) -> Outcome:
    """Be forgotten, when the words are typed."""
    if given.confirm.lower() != "erase me":
        return _page(
            call, MeQuery(), "Nothing was erased: type the words “erase me” to show that you mean it.", 400
        )
    wanted = api_me.erase(call, Erasure(confirm="erase me"))
    gone = page(replace(call, known=None), "erased.html")
    headers = {"set-cookie": cookie(call, COOKIE, "", 0)}
    return _then(wanted, lambda _: Answer(gone.body, 200, gone.media_type, headers))


def _about(call: Call, field: str, name: str) -> Call:
    return replace(call, path={field: name})


def _back(wanted: Submit) -> Submit:
    return _then(wanted, lambda receipt: _to_me(receipt.correlation))


def _then(wanted: Submit, answer: Callable[[Receipt], Answer]) -> Submit:
    return replace(wanted, answer=answer)


def _to_me(asked: str | None) -> Answer:
    return Answer(status=303, headers={"location": f"/me?asked={asked}" if asked else "/me"})

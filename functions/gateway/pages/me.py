"""My data, for eyes: everything that concerns whoever is signed in, and the forms to take it back.

What a form asks for is what the API would be asked for; afterwards the page says where to see what came of it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, StringConstraints

from functions.gateway import api_keys, api_me, kept, mine
from functions.gateway.api_people import consent
from functions.gateway.auth import COOKIE
from functions.gateway.bodies import WITHHOLDINGS_MAX, Body, Consent, Erasure, Withholding, several
from functions.gateway.call import Answer, Call, Outcome, Submit
from functions.gateway.entering import cookie
from functions.gateway.erasing import ENDING
from functions.gateway.fields import Cursor, EntryHash, cursor
from functions.gateway.pages.render import page
from functions.gateway.queries import Query
from shared.runtime.edge import Receipt

ENTRIES, ROWS = 25, 50
"""Rows of entries, and of every other list, on one page; the API and the downloads have all."""


Part = Literal["opt-ins", "consents", "entries", "leads", "keys", "tokens"]


class MeQuery(Query):
    """Where the entries go on, whether all of them are marked, and what was just asked for in which part of the page."""

    after: Cursor | None = None
    marked: Literal["all"] | None = None
    asked: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    part: Part | None = None


class Withheld(Body):
    """The form: the marked entries, perhaps none, which of its two buttons was pressed, and from where they go on."""

    entries: Annotated[
        tuple[EntryHash, ...], BeforeValidator(several), Field(max_length=WITHHOLDINGS_MAX)
    ] = ()
    withheld: Literal["yes", "no"] = "yes"
    after: Cursor | None = None


class Named(Body):
    """The form: one thing by its name."""

    name: EntryHash


class NamedKey(Body):
    """The form: one SSH key."""

    name: Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


class Word(Consent):
    """The form: a consent given or taken back."""

    given: Annotated[bool, BeforeValidator(lambda given: given == "yes")]


class Typed(Body):
    """The form: the words that show that it is meant."""

    confirm: Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)] = ""


def show(call: Call, query: MeQuery) -> Answer:
    """The page."""
    return _page(call, query)


def _page(call: Call, query: MeQuery, message: str = "", place: str = "", status: int = 200) -> Answer:
    who = call.who
    lists: dict[str, Any] = {}
    for kind in mine.KINDS:
        first = kind.name == "entries"
        lists[kind.name] = kind.read(
            call.edge, who, query.after if first else None, ENTRIES if first else ROWS
        )
    after, following = query.after, lists["entries"].following
    return page(
        call,
        "me.html",
        status,
        person=kept.person(call.edge, who.subject),
        lists=lists,
        ending=ENDING,
        after=None if after is None else cursor(after),
        older=None if following is None else _path("entries", after=following),
        marked=query.marked is not None,
        marking=_path("entries", after=after, marked=None if query.marked else "all"),
        asked=query.asked,
        part=query.part,
        message=message,
        place=place,
    )


def withhold(call: Call, given: Withheld) -> Outcome:
    """Withhold the marked entries, or release them."""
    if not given.entries:
        nothing = "Nothing was marked, so nothing was changed: mark the entries that you mean."
        return _page(call, MeQuery(after=given.after), nothing, "entries", 400)
    wanted = Withholding(entries=given.entries, withheld=given.withheld == "yes")
    return _back(api_me.withhold(call, wanted), "entries", given.after)


def withdraw(call: Call, given: Named) -> Outcome:
    """Take an opt-in back."""
    return _back(api_me.withdraw(_about(call, "invitation", given.name)), "opt-ins")


def revoke(call: Call, given: Named) -> Outcome:
    """Revoke a token or session."""
    return _back(api_me.revoke(_about(call, "sha256", given.name)), "tokens")


def revoke_key(call: Call, given: NamedKey) -> Outcome:
    """Revoke an SSH key."""
    return _back(api_keys.revoke(_about(call, "fingerprint", given.name)), "keys")


def speak(call: Call, given: Word) -> Outcome:
    """Give a consent, or take it back."""
    return _back(consent(call, given), "leads" if given.brief else "consents")


def erase(call: Call, given: Typed) -> Outcome:
    """Be forgotten, when the words are typed."""
    if given.confirm.lower() != "erase me":
        nothing = "Nothing was erased: type the words “erase me” to show that you mean it."
        return _page(call, MeQuery(), nothing, "erase", 400)
    wanted = api_me.erase(call, Erasure(confirm="erase me"))
    gone = page(replace(call, known=None), "erased.html")
    headers = {"set-cookie": cookie(call, COOKIE, "", 0)}
    return _then(wanted, lambda _: Answer(gone.body, 200, gone.media_type, headers))


def _about(call: Call, field: str, name: str) -> Call:
    return replace(call, path={field: name})


def _back(wanted: Outcome, part: Part, after: int | None = None) -> Outcome:
    """Afterwards back to that part of the page, which says so; what was so before needs no saying."""
    if isinstance(wanted, Answer):
        return _see(_path(part))
    return _then(wanted, lambda receipt: _see(_path(part, after, asked=receipt.correlation, part=part)))


def _then(wanted: Submit, answer: Callable[[Receipt], Answer]) -> Submit:
    return replace(wanted, answer=answer)


def _see(path: str) -> Answer:
    return Answer(status=303, headers={"location": path})


def _path(place: Part, after: int | None = None, **query: str | None) -> str:
    """The page from `after` on, at that place."""
    given = {"after": None if after is None else cursor(after), **query}
    asked = urlencode({name: value for name, value in given.items() if value})
    return f"/me?{asked}#{place}" if asked else f"/me#{place}"

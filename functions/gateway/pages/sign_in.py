"""Signing a browser in and out. The session names the token by its digest; the token itself is not kept there.

Requests that another site makes a browser send are refused (Sec-Fetch-Site), so nobody is signed in as someone else.
"""

from typing import Annotated

from pydantic import StringConstraints

from functions.gateway.auth import COOKIE, TOKEN_CHARACTERS_MAX, Caller, by_digest, by_token
from functions.gateway.bodies import NewSignInLink, Query
from functions.gateway.call import Answer, Call
from functions.gateway.pages.render import page
from functions.gateway.sealed import CHARACTERS_MAX, Pass, seal, unseal
from shared.domain.instants import HOUR_US, SECOND_US
from shared.runtime.edge import Rejection

SESSION_US = 12 * HOUR_US


class SignInQuery(Query):
    """A link's code, or where to go after the form."""

    code: Annotated[str, StringConstraints(max_length=CHARACTERS_MAX)] | None = None
    next: Annotated[str, StringConstraints(max_length=512)] = "/"


class SignIn(NewSignInLink):
    """The form: a token, and where to go then."""

    token: Annotated[str, StringConstraints(strip_whitespace=True, max_length=TOKEN_CHARACTERS_MAX)] = ""


def show(call: Call, query: SignInQuery) -> Answer:
    """The form, or with a link's code straight in."""
    if query.code is None:
        return _form(call, query.next)
    sealed = unseal(call.edge.secrets.get("sign-in"), "link", query.code, call.now_us)
    who = by_digest(call.edge, sealed.digest) if sealed else None
    if sealed is None or who is None:
        return _form(
            call, "/", "That link is over, or it never was one. Ask for a new one, or use a token.", 400
        )
    if call.headers.get("sec-fetch-site") == "cross-site":
        # A strict cookie is not sent along when another site led here: this page leads on by itself.
        entering = page(call, "entering.html", following=sealed.following, name=who.name)
        return _with_session(call, who, sealed.until_us, entering)
    return _with_session(call, who, sealed.until_us, _to(sealed.following))


def enter(call: Call, given: SignIn) -> Answer:
    """In with a token."""
    _refuse_foreign(call)
    who = by_token(call.edge, given.token)
    if who is None:
        return _form(call, given.next, "That token opens nothing.", 401)
    return _with_session(call, who, call.now_us + SESSION_US, _to(given.next))


def leave(call: Call) -> Answer:
    """Out."""
    _refuse_foreign(call)
    return Answer(status=303, headers={"location": "/", "set-cookie": _cookie(call, "", 0)})


def _form(call: Call, following: str, message: str = "", status: int = 200) -> Answer:
    return page(call, "sign_in.html", status, following=following, message=message)


def _to(following: str) -> Answer:
    return Answer(status=303, headers={"location": following})


def _with_session(call: Call, who: Caller, until_us: int, answer: Answer) -> Answer:
    session = seal(call.edge.secrets.get("sign-in"), "session", Pass(who.digest, until_us))
    cookie = _cookie(call, session, (until_us - call.now_us) // SECOND_US)
    return Answer(answer.body, answer.status, answer.media_type, {**answer.headers, "set-cookie": cookie})


def _cookie(call: Call, session: str, seconds: int) -> str:
    secure = "; Secure" if call.edge.house.origin.startswith("https://") else ""
    return f"{COOKIE}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _refuse_foreign(call: Call) -> None:
    if call.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Rejection(403, "Not allowed", "another site sent this request")

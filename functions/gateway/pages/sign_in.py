"""Signing a browser in and out: with a token, with a one-time token, with an SSH key, or through GitHub.

The session names a token by its digest; the token itself is not kept there. A one-time link only shows a form: what
looks at links before people do (mail filters, previews) must not use it up.
"""

from typing import Annotated

from pydantic import StringConstraints

from functions.gateway import challenge, kept, one_time
from functions.gateway.auth import COOKIE, TOKEN_CHARACTERS_MAX, by_digest, by_token
from functions.gateway.bodies import Body, NewSignInLink
from functions.gateway.call import Answer, Call, Outcome, Submit
from functions.gateway.entering import SESSION_US, begin, cookie, session, with_session
from functions.gateway.pages.render import page
from functions.gateway.queries import Query
from functions.gateway.sealed import CHARACTERS_MAX, unseal
from shared.domain.requests import TokenRevoked
from shared.domain.ssh import SIGNATURE_BYTES_MAX
from shared.runtime.edge import Rejection

_OPENS_NOTHING = (
    "That token opens nothing: perhaps it was used, or is over. Ask whoever gave it to you for another."
)
_SIGN_AGAIN = "Sign the new challenge below, and paste all that was printed."
_Token = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TOKEN_CHARACTERS_MAX)]


class SignInQuery(Query):
    """A link's code, a one-time token, or where to go after the form."""

    code: Annotated[str, StringConstraints(max_length=CHARACTERS_MAX)] | None = None
    once: _Token | None = None
    next: Annotated[str, StringConstraints(max_length=512)] = "/me"


class SignIn(NewSignInLink):
    """The form: a token of either kind, and where to go then."""

    token: _Token = ""


class Signed(NewSignInLink):
    """The form: a challenge and its signature, and where to go then."""

    challenge: Annotated[str, StringConstraints(max_length=CHARACTERS_MAX)] = ""
    signature: Annotated[str, StringConstraints(max_length=2 * SIGNATURE_BYTES_MAX)] = ""


class SignOut(Body):
    """A form without fields."""


def show(call: Call, query: SignInQuery) -> Answer:
    """The forms, or with a link's code straight in."""
    if query.code is None:
        return _forms(call, query.next, once=query.once or "")
    sealed = unseal(call.edge.secrets.get("sign-in"), "link", query.code, call.now_us)
    who = by_digest(call.edge, sealed.digest) if sealed else None
    if sealed is None or who is None:
        over = "That link is over, or it never was one. Ask for a new one, or use a token."
        return _forms(call, "/", over, 400)
    return with_session(call, who.digest, sealed.until_us, sealed.following)


def enter(call: Call, given: SignIn) -> Outcome:
    """In with a token."""
    once = one_time.opening(call, given.token)
    if once:
        opened = session(call, one_time.shown_by(once))
        led = with_session(call, opened.digest, opened.until_us, given.next)
        return one_time.spend(call, once, opened, led)
    who = by_token(call.edge, given.token)
    if who is None:
        return _forms(call, given.next, _OPENS_NOTHING, 401)
    return with_session(call, who.digest, call.now_us + SESSION_US, given.next)


def enter_by_key(call: Call, given: Signed) -> Outcome:
    """In with a signed challenge."""
    try:
        shown = challenge.signed(call, given.challenge, given.signature)
    except Rejection as rejection:
        if rejection.status == 503:
            raise
        message = f"Not signed in: {rejection.detail}. {_SIGN_AGAIN}"
        return _forms(call, given.next, message, rejection.status)
    opened = session(call, shown)
    return begin(call, opened, with_session(call, opened.digest, opened.until_us, given.next))


def leave(call: Call, _: SignOut) -> Outcome:
    """Out. A session that is nothing but a browser's ends for good."""
    out = Answer(status=303, headers={"location": "/", "set-cookie": cookie(call, COOKIE, "", 0)})
    digest = call.known.digest if call.known else ""
    token = kept.token(call.edge, digest) if digest else None
    if token is None or token.use != "session":
        return out
    return Submit(((f"token/{digest}", TokenRevoked(digest)),), lambda _: out)


def _forms(call: Call, following: str, message: str = "", status: int = 200, once: str = "") -> Answer:
    text, _ = challenge.challenge(call)
    return page(
        call,
        "sign_in.html",
        status,
        following=following,
        message=message,
        once=once,
        challenge=text,
        namespace=challenge.namespace(call),
        github=call.edge.accounts is not None,
    )

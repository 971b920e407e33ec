"""Entering: whoever has shown who they are gets a session, which is a token of its own that ends by itself.

A browser's cookie names it by its digest; the command line gets the token itself. It is made from a secret of the node
and what was shown, so that the same thing shown twice, even at the same moment, meets the first session and is refused.
"""

from urllib.parse import urlsplit

from msgspec import Struct

from functions.gateway.auth import COOKIE
from functions.gateway.call import Answer, Call, Submit
from functions.gateway.minting import derived
from functions.gateway.sealed import Pass, seal
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.instants import HOUR_US, SECOND_US
from shared.domain.requests import Role, TokenIssued
from shared.domain.tokens import token_digest
from shared.runtime.edge import Rejection

SESSION_US = 12 * HOUR_US


class Shown(Struct, frozen=True):
    """Who somebody is, by what evidence. `once` names what was shown: it opens one session only."""

    once: str
    subject: str
    name: str
    evidence: str
    role: Role = "developer"


class Session(Struct, frozen=True):
    """A session about to begin. `token` opens it from the command line."""

    token: str
    digest: str
    until_us: int
    shown: Shown


def session(call: Call, shown: Shown) -> Session:
    """The session that what was shown opens."""
    token = derived(call, "session", shown.once)
    return Session(token, token_digest(token), call.now_us + SESSION_US, shown)


def begin(call: Call, opened: Session, answer: Answer, *before: tuple[str, Event]) -> Submit:
    """Record the session, after what ends with it, and answer; a second time it is refused."""
    shown = opened.shown
    issued = TokenIssued(
        opened.digest,
        shown.role,
        shown.subject,
        shown.name,
        call.now_us,
        use="session",
        expires_at_us=opened.until_us,
        evidence=shown.evidence,
    )
    return Submit(
        (*before, (f"token/{opened.digest}", issued)),
        lambda _: answer,
        input_id=uuid5("gateway", "session", shown.once),
        once=Rejection(409, "Used before", "this has signed somebody in already: begin anew"),
    )


def with_session(call: Call, digest: str, until_us: int, following: str) -> Answer:
    """On to where it leads, with the session's cookie."""
    sealed = seal(call.edge.secrets.get("sign-in"), "session", Pass(digest, until_us))
    seconds = (until_us - call.now_us) // SECOND_US
    headers = {"location": following, "set-cookie": cookie(call, COOKIE, sealed, seconds)}
    return Answer(status=303, headers=headers)


def cookie(call: Call, name: str, value: str, seconds: int, path: str = "/") -> str:
    """A Set-Cookie header. No script reads it, and no other site's form or image sends it along."""
    secure = "; Secure" if call.edge.house.origin.startswith("https://") else ""
    return f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def host(origin: str) -> str:
    """The host of an origin, without its port."""
    return urlsplit(origin).hostname or ""

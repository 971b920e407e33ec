"""Tokens and sign-in links over HTTP."""

from base64 import b32encode
from hashlib import sha256

from functions.gateway import kept
from functions.gateway.answers import tokens as answers
from functions.gateway.auth import Caller
from functions.gateway.bodies import NewSignInLink, NewToken
from functions.gateway.call import EVERYBODY, Answer, Call, Route, Submit, missing
from functions.gateway.minting import minted
from functions.gateway.sealed import Pass, seal
from shared.domain.instants import HOUR_US
from shared.domain.requests import TokenIssued, TokenRevoked
from shared.domain.tokens import Token, token_digest

LINK_US = HOUR_US


def issue(call: Call, wanted: NewToken) -> Submit:
    """Let someone in."""
    token, subject = minted(call), _subject(call, wanted)
    digest = token_digest(token)
    issued = TokenIssued(digest, wanted.role, subject, wanted.name, call.now_us)
    shown = answers.Token(token=token, role=wanted.role, subject=subject, name=wanted.name)
    return Submit(((f"token/{digest}", issued),), lambda _: Answer(shown, 201))


def _subject(call: Call, wanted: NewToken) -> str:
    match wanted.role:
        case "developer":
            return call.edge.house.pseudonym(wanted.name.partition("/")[0])
        case "client":
            return "client_" + b32encode(sha256(wanted.name.encode()).digest())[:20].decode().lower()
        case "operator":
            return "*"


def revoke(call: Call) -> Answer | Submit:
    """A token opens nothing any more."""
    token = kept.token(call.edge, call.path["sha256"])
    if token is None:
        raise missing("token")
    return ended(token)


def ended(token: Token) -> Answer | Submit:
    """The token's end, unless it has come before."""
    if token.revoked:
        return Answer(status=204)
    return Submit(((f"token/{token.token}", TokenRevoked(token.token)),), lambda _: Answer(status=204))


def sign_in_link(call: Call, wanted: NewSignInLink) -> Answer:
    """A link that opens the caller's rights in a browser."""
    return Answer(answers.SignInLink(url=link(call, call.who, wanted.next)), 201)


def link(call: Call, who: Caller, following: str) -> str:
    """The link, good for an hour."""
    code = Pass(who.digest, call.now_us + LINK_US, following)
    return f"{call.edge.house.origin}/sign-in?code={seal(call.edge.secrets.get('sign-in'), 'link', code)}"


ROUTES = (
    Route(
        "POST",
        "/api/tokens",
        "Issue a token",
        issue,
        ("operator",),
        body=NewToken,
        answer=answers.Token,
        status=201,
    ),
    Route(
        "DELETE",
        "/api/tokens/{sha256}",
        "Revoke a token, by its SHA-256",
        revoke,
        ("operator",),
        answer="",
        status=204,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/sign-in-links",
        "Make a link that signs a browser in",
        sign_in_link,
        EVERYBODY,
        body=NewSignInLink,
        answer=answers.SignInLink,
        status=201,
    ),
)

"""One-time tokens: they open one session and end with it.

Known only by their digest, like every token. That one is opened is an event of its stream, made of the token alone: of
two who open it at the same moment, one meets the other's event.
"""

from functions.gateway import kept
from functions.gateway.auth import TOKEN_CHARACTERS_MAX, speaks_for
from functions.gateway.call import Answer, Call, Submit
from functions.gateway.entering import Session, Shown, begin, session
from shared.domain.instants import DAY_US
from shared.domain.requests import TokenSpent
from shared.domain.tokens import Token, token_digest
from shared.runtime.edge import Rejection

ONE_TIME_US = DAY_US


def opening(call: Call, text: str) -> Token | None:
    """The one-time token that this is, while it is good, or None."""
    if not 0 < len(text) <= TOKEN_CHARACTERS_MAX:
        return None
    token = kept.token(call.edge, token_digest(text))
    if token is None or token.use != "one-time" or not token.stands(call.now_us):
        return None
    return token if speaks_for(call.edge, token) else None


def shown_by(token: Token) -> Shown:
    """Whom a one-time token shows."""
    return Shown(token.token, token.subject, token.name, f"the one-time token {token.token[:12]}", token.role)


def spend(call: Call, token: Token, opened: Session, answer: Answer) -> Submit:
    """Begin the session and end the token, in one append."""
    spent = TokenSpent(token.token, call.now_us)
    return begin(call, opened, answer, (f"token/{token.token}", spent))


def entered(call: Call, text: str) -> tuple[Token, Session]:
    """The token and the session it opens.

    Raises:
        Rejection: 403, it opens nothing, or no more.
    """
    token = opening(call, text)
    if token is None:
        detail = "this one-time token opens nothing: it never was one, was used, or is over"
        raise Rejection(403, "Not signed in", detail, [("token", detail)])
    return token, session(call, shown_by(token))

"""Signing in over HTTP, for the command line: by an SSH key, or by a one-time token. The answer is a session's token."""

from functions.gateway import challenge, one_time
from functions.gateway.answers import tokens as answers
from functions.gateway.bodies import NewOneTimeToken, Opening, SignedChallenge
from functions.gateway.call import Answer, Call, Route, Submit, bad
from functions.gateway.entering import Session, begin, session
from functions.gateway.minting import minted
from shared.domain.instants import rfc3339
from shared.domain.requests import TokenIssued
from shared.domain.tokens import token_digest
from shared.runtime.edge import Rejection


def ask(call: Call) -> Answer:
    """Something to sign."""
    text, until_us = challenge.challenge(call)
    return Answer(
        answers.Challenge(challenge=text, namespace=challenge.namespace(call), expires_at=rfc3339(until_us))
    )


def by_key(call: Call, given: SignedChallenge) -> Submit:
    """In with a signed challenge, once."""
    opened = session(call, challenge.signed(call, given.challenge, given.signature))
    return begin(call, opened, _shown(opened))


def by_one_time_token(call: Call, given: Opening) -> Submit:
    """In with a one-time token, once."""
    token, opened = one_time.entered(call, given.token)
    return one_time.spend(call, token, opened, _shown(opened))


def _shown(opened: Session) -> Answer:
    shown = opened.shown
    return Answer(
        answers.SessionToken(
            token=opened.token,
            role=shown.role,
            subject=shown.subject,
            name=shown.name,
            expires_at=rfc3339(opened.until_us),
        ),
        201,
    )


def issue_one_time(call: Call, wanted: NewOneTimeToken) -> Submit:
    """A token that signs somebody in once: the developer whom an operator names, or whoever asks."""
    who = call.who
    if wanted.name is not None and not who.everywhere:
        detail = "only an operator names somebody else; leave it out for yourself"
        raise Rejection(403, "Not allowed", detail, [("name", detail)])
    if wanted.name is None and who.role != "developer":
        raise bad("name", "missing")
    name = wanted.name or who.name
    subject = call.edge.house.pseudonym(name.partition("/")[0]) if wanted.name else who.subject
    token = minted(call, "one-time")
    digest, until_us = token_digest(token), call.now_us + one_time.ONE_TIME_US
    issued = TokenIssued(
        digest,
        "developer",
        subject,
        name,
        call.now_us,
        use="one-time",
        expires_at_us=until_us,
        evidence=f"the word of {'an operator' if wanted.name else 'another token'}, {who.digest[:12]}",
    )
    shown = answers.OneTimeToken(
        token=token,
        url=f"{call.edge.house.origin}/sign-in?once={token}",
        subject=subject,
        name=name,
        expires_at=rfc3339(until_us),
    )
    return Submit(((f"token/{digest}", issued),), lambda _: Answer(shown, 201))


ROUTES = (
    Route(
        "POST",
        "/api/sign-in/challenges",
        "Ask for something to sign with an SSH key",
        ask,
        answer=answers.Challenge,
    ),
    Route(
        "POST",
        "/api/sign-in/ssh",
        "Sign in with a signed challenge",
        by_key,
        body=SignedChallenge,
        answer=answers.SessionToken,
        status=201,
        refusals=(403, 409, 503),
    ),
    Route(
        "POST",
        "/api/sign-in/one-time",
        "Sign in with a one-time token",
        by_one_time_token,
        body=Opening,
        answer=answers.SessionToken,
        status=201,
        refusals=(403, 409),
    ),
    Route(
        "POST",
        "/api/one-time-tokens",
        "Make a token that signs a developer in once",
        issue_one_time,
        ("operator", "developer"),
        body=NewOneTimeToken,
        answer=answers.OneTimeToken,
        status=201,
    ),
)

"""A developer's SSH keys: registered with a proof, read from GitHub on request, revoked for ever."""

from functions.gateway import sight
from functions.gateway.answers import Requested
from functions.gateway.answers import keys as answers
from functions.gateway.auth import Caller
from functions.gateway.bodies import NewKey
from functions.gateway.call import DEVELOPER, Answer, Call, Route, Submit, bad, missing, requested
from functions.gateway.signers import keys_of, not_judged
from shared.domain.evidence import (
    KEYS_MAX,
    REGISTRATION_NAMESPACE,
    Key,
    KeyRegistered,
    KeyRevoked,
    KeysAskedFor,
    key_stream,
    statement,
)
from shared.domain.instants import rfc3339
from shared.domain.profiles import KeysObserved
from shared.domain.ssh import BadKey, public_key
from shared.runtime.edge import Rejection


def register(call: Call, wanted: NewKey) -> Answer | Submit:
    """Register a key, whose private half has signed that it is the caller's."""
    developer, login = call.who.subject, _login(call.who)
    try:
        key = public_key(wanted.key)
    except BadKey as error:
        raise bad("key", str(error)) from error
    said, proof = statement(call.edge.house.origin, developer, key.fingerprint), wanted.proof.strip().encode()
    try:
        refusal = call.edge.ssh.refusal(said, proof, REGISTRATION_NAMESPACE, key)
    except TimeoutError as error:
        raise not_judged(error) from error
    if refusal:
        expected = f"proof: {refusal}; expected it over {said.decode()!r}"
        raise Rejection(422, "Not proven", expected, [("proof", refusal)])
    known = keys_of(call.edge, developer)
    same = next((one for one in known if one.fingerprint == key.fingerprint), None)
    if same and same.revoked_at_us is not None:
        raise Rejection(409, "Key revoked", f"you revoked {key.fingerprint}: register another key")
    if same:
        return Answer(_shown(same), 200)
    if sum(key.registered_at_us is not None for key in known) >= KEYS_MAX:
        raise Rejection(
            409, "Too many keys", f"a developer may register {KEYS_MAX} keys, revoked ones included"
        )
    registered = KeyRegistered(developer, login, key.fingerprint, key.line, call.now_us)
    shown = answers.Key(
        fingerprint=key.fingerprint,
        key=key.line,
        source="registered",
        since=rfc3339(call.now_us),
        revoked=None,
    )
    return Submit(((key_stream(developer, key.fingerprint), registered),), lambda _: Answer(shown, 201))


def ask_github(call: Call) -> Submit:
    """Have the keys read that GitHub shows of the caller. They count for 30 days."""
    developer = call.who.subject
    asked = KeysAskedFor(developer, _login(call.who), call.now_us)
    return requested(developer, asked)


def _login(who: Caller) -> str:
    login = who.name.partition("/")[2]
    if not login:
        detail = "your token names no login: have one issued with --name github:<numeric id>/<login>"
        raise Rejection(409, "Login unknown", detail)
    return login


def list_mine(call: Call) -> Answer:
    """The caller's keys: those registered here, and those GitHub showed."""
    held = sight.keys(call.edge, call.who)
    observed = _observed(held.observed, held.revoked_at_us) if held.observed else []
    return Answer(
        answers.Keys(
            developer=call.who.subject,
            keys=[*(_shown(key) for key in held.registered if key.registered_at_us is not None), *observed],
            github_failed=held.failed.reason if held.failed else None,
        )
    )


def _observed(seen: KeysObserved, revoked_at_us: dict[str, int]) -> list[answers.Key]:
    return [
        answers.Key(
            fingerprint=fingerprint,
            key=line,
            source="github",
            since=rfc3339(seen.observed_at_us),
            revoked=_moment(revoked_at_us.get(fingerprint)),
        )
        for fingerprint, line in zip(seen.fingerprints, seen.lines, strict=True)
    ]


def _shown(key: Key) -> answers.Key:
    return answers.Key(
        fingerprint=key.fingerprint,
        key=key.line,
        source="registered",
        since=rfc3339(key.registered_at_us or 0),
        revoked=_moment(key.revoked_at_us),
    )


def _moment(at_us: int | None) -> str | None:
    return None if at_us is None else rfc3339(at_us)


def revoke(call: Call) -> Answer | Submit:
    """The key says nothing more for the caller. What it signed before stays as it was judged."""
    developer, fingerprint = call.who.subject, call.path["fingerprint"]
    held = sight.keys(call.edge, call.who)
    shown = held.observed.fingerprints if held.observed else ()
    if fingerprint not in shown and not any(key.fingerprint == fingerprint for key in held.registered):
        raise missing("key")
    if fingerprint in held.revoked_at_us:
        return Answer(status=204)
    revoked = KeyRevoked(developer, fingerprint, call.now_us)
    return Submit(((key_stream(developer, fingerprint), revoked),), lambda _: Answer(status=204))


ROUTES = (
    Route(
        "POST",
        "/api/keys",
        "Register an SSH key, proven by a signature",
        register,
        DEVELOPER,
        body=NewKey,
        answer=answers.Key,
        status=201,
        refusals=(200, 409, 503),
    ),
    Route("GET", "/api/keys", "List your SSH keys", list_mine, DEVELOPER, answer=answers.Keys),
    Route(
        "POST",
        "/api/keys/from-github",
        "Have the SSH keys read that GitHub shows of you",
        ask_github,
        DEVELOPER,
        answer=Requested,
        status=202,
        refusals=(409,),
    ),
    Route(
        "POST",
        "/api/keys/{fingerprint}/revoke",
        "Revoke an SSH key",
        revoke,
        DEVELOPER,
        answer="",
        status=204,
        refusals=(404,),
    ),
)

"""A developer's SSH keys: registered with a proof, read from GitHub on request, revoked for ever."""

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
from shared.domain.profiles import KeysObserved, ObservedKeys
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
    if len(known) >= KEYS_MAX:
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
    developer = call.who.subject
    registered = keys_of(call.edge, developer)
    github = call.edge.state("crawler", f"keys/{developer}", ObservedKeys) or ObservedKeys()
    revoked = {key.fingerprint: key for key in registered if key.revoked_at_us is not None}
    observed = _observed(github.observed, revoked) if github.observed else []
    return Answer(
        answers.Keys(
            developer=developer,
            keys=[*(_shown(key) for key in registered if key.registered_at_us is not None), *observed],
            github_failed=github.failed.reason if github.failed else None,
        )
    )


def _observed(seen: KeysObserved, revoked: dict[str, Key]) -> list[answers.Key]:
    return [
        answers.Key(
            fingerprint=fingerprint,
            key=line,
            source="github",
            since=rfc3339(seen.observed_at_us),
            revoked=_revoked_at(revoked.get(fingerprint)),
        )
        for fingerprint, line in zip(seen.fingerprints, seen.lines, strict=True)
    ]


def _shown(key: Key) -> answers.Key:
    return answers.Key(
        fingerprint=key.fingerprint,
        key=key.line,
        source="registered",
        since=rfc3339(key.registered_at_us or 0),
        revoked=_revoked_at(key),
    )


def _revoked_at(key: Key | None) -> str | None:
    return rfc3339(key.revoked_at_us) if key and key.revoked_at_us is not None else None


def revoke(call: Call) -> Answer | Submit:
    """The key says nothing more for the caller. What it signed before stays as it was judged."""
    developer, fingerprint = call.who.subject, call.path["fingerprint"]
    github = call.edge.state("crawler", f"keys/{developer}", ObservedKeys)
    own = {key.fingerprint: key for key in keys_of(call.edge, developer)}
    shown = github.observed.fingerprints if github and github.observed else ()
    if fingerprint not in own and fingerprint not in shown:
        raise missing("key")
    if fingerprint in own and own[fingerprint].revoked_at_us is not None:
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

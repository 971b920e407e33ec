"""Erasure: what a developer asks for who wants to be forgotten, and what of it ends at once.

Their consents, tokens, sessions and SSH keys end with the request itself; the opt-ins end, and what opens their text is
destroyed, as those who keep it hear of it. No token from before then opens anything, also one that is not listed here.
"""

from msgspec import Struct

from functions.gateway.auth import Caller
from functions.gateway.call import Call
from functions.gateway.mine import people
from functions.gateway.my_answers import MyKey
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event
from shared.domain.evidence import KeyRevoked, key_stream
from shared.domain.handles import handle_of
from shared.domain.optins import Invitation
from shared.domain.requests import (
    ERASED_INVITATIONS_MAX,
    ConsentWithdrawn,
    ErasureRequested,
    TokenRevoked,
)
from shared.domain.tokens import Token
from shared.runtime.edge import Edge

TOKENS_MAX = 200
"""Tokens that one erasure revokes by name; the others are over because of when they were issued."""
HANDLED_MAX = 500
"""Entries, and invitations, in which a developer's logins are looked for."""
ENDING = ("invited", "responded", "confirmed")
"""The statuses of an invitation that there is something to take back of."""
_CHUNK = 200


class Erasure(Struct, frozen=True):
    """What is submitted, and how much of it there is."""

    events: tuple[tuple[str, Event], ...]
    invitations: tuple[str, ...]
    tokens: int


def erasure(call: Call) -> Erasure:
    """Everything that ends."""
    edge, who, now_us = call.edge, call.who, call.now_us
    me, person = who.subject, f"person/{who.subject}"
    invitations = _invitations(edge, me)
    tokens = [token.token for _, token in edge.states("gateway", Token, f"subject:{me}", None, TOKENS_MAX)]
    # Whoever asks is among them, however many there are.
    digests = dict.fromkeys([who.digest, *tokens])
    events: list[tuple[str, Event]] = [
        (person, ErasureRequested(me, now_us, invitations, _handles(edge, who))),
        (person, ConsentWithdrawn(me, "participation", now_us)),
        (person, ConsentWithdrawn(me, "introduction", now_us)),
        *((f"token/{digest}", TokenRevoked(digest)) for digest in digests),
        *(
            (key_stream(me, fingerprint), KeyRevoked(me, fingerprint, now_us))
            for fingerprint in _keys(edge, who)
        ),
    ]
    return Erasure(tuple(events), invitations, len(digests))


def _invitations(edge: Edge, me: str) -> tuple[str, ...]:
    """Those in force or open, the newest first."""
    found: list[str] = []
    before: int | None = None
    while len(found) < ERASED_INVITATIONS_MAX:
        chunk = edge.states("optin", Invitation, f"party:{me}", before, _CHUNK)
        found += [view.stream.partition("/")[2] for view, state in chunk if state.status in ENDING]
        if len(chunk) < _CHUNK:
            break
        before = chunk[-1][0].cursor
    return tuple(found[:ERASED_INVITATIONS_MAX])


def _handles(edge: Edge, who: Caller) -> tuple[str, ...]:
    """The logins by which they came here, and which their latest entries and statements show, as handles.

    What others call them is not among them: it may be the login of somebody else.
    """
    me, (_, _, login) = who.subject, who.name.partition("/")
    entries = edge.states("eventlog", EntryRecorded, f"party:{me}", None, HANDLED_MAX)
    found = {entry.actor_handle for _, entry in entries if entry.actor == me}
    found |= {handle_of(login, edge.house.pseudonym)} if login else set()
    for _, state in edge.states("optin", Invitation, f"party:{me}", None, HANDLED_MAX):
        invited = state.invited
        found |= {answer.responder_handle for answer in state.answers if answer.responder == me}
        found |= {invited.inviter_handle} if invited and invited.inviter == me else set()
    return tuple(sorted(handle for handle in found if handle))


def _keys(edge: Edge, who: Caller) -> list[str]:
    """Keys that still say something for them, those that GitHub showed included."""
    held = [key for key in people.keys(edge, who, None, _CHUNK).rows if isinstance(key, MyKey)]
    return list(dict.fromkeys(key.fingerprint for key in held if not key.revoked))

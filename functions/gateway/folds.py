"""What the gateway remembers of its own streams: tokens, keys, commits, a developer's consents, a client's briefs.

Emits everything of the topic `requests`. Streams: token/<digest>, key/<dev>/<digest>,
commit/<name>, person/<dev>, client/<id>. Pure.
"""

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.brief_results import CREATIVES_MAX
from shared.domain.evidence import CommitAttested, Key, KeyRegistered, KeyRevoked, KeysAskedFor, key_tag
from shared.domain.requests import (
    BriefOpened,
    ConsentGiven,
    ConsentWithdrawn,
    CreativeAdded,
    ErasureRequested,
    OptInWithdrawn,
    PointMarked,
    ReleaseRequested,
    SeatAccepted,
    TicketRequested,
    TokenIssued,
    TokenRevoked,
    TokenSpent,
    VoteCast,
    WithholdingRequested,
)
from shared.domain.tokens import Token
from shared.runtime.shapes import Fold

BRIEFS_MAX = 500
"""Briefs of one client; the edge refuses more."""
BRIEF_CONSENTS_MAX = 200
"""Briefs whose consents are remembered here, the latest; the aggregator keeps what counts."""


class Person(Struct, frozen=True, omit_defaults=True):
    """The state of `person/<dev>`: the last word on each purpose, and the briefs agreed to one by one.

    What is from before `erased_at_us` is theirs no more, nor do they get at it.
    """

    participation: bool = False
    introduction: bool = False
    briefs: tuple[str, ...] = ()
    erased_at_us: int = 0


class Held(Struct, frozen=True, array_like=True):
    """One brief of a client: the version of the client's stream that opened it, and its creatives so far."""

    version: int
    creatives: int = 0


class Client(Struct, frozen=True, omit_defaults=True):
    """The state of `client/<id>`: its version, and the briefs it opened."""

    version: int = 0
    briefs: dict[str, Held] = {}


PersonEvent = (
    ConsentGiven
    | ConsentWithdrawn
    | WithholdingRequested
    | ReleaseRequested
    | OptInWithdrawn
    | ErasureRequested
    | KeysAskedFor
    | TicketRequested
    | SeatAccepted
    | VoteCast
    | PointMarked
)


def token_after(state: Token | None, event: TokenIssued | TokenRevoked | TokenSpent) -> Token | None:
    """Issued once, revoked or spent for ever."""
    match event:
        case TokenIssued():
            return Token(
                event.token,
                event.role,
                event.subject,
                event.name,
                issued_at_us=event.issued_at_us,
                use=event.use,
                expires_at_us=event.expires_at_us,
                evidence=event.evidence,
            )
        case TokenRevoked():
            return state and replace(state, revoked=True)
        case TokenSpent(spent_at_us=at_us):
            return state and replace(state, spent_at_us=at_us)
        case _:
            assert_never(event)


def token_tags(state: Token | None) -> frozenset[str]:
    """A developer's tokens are found by the developer."""
    theirs = state is not None and state.role == "developer"
    return frozenset({f"subject:{state.subject}"} if state and theirs else ())


def key_after(state: Key, event: KeyRegistered | KeyRevoked) -> Key:
    """Registered once, revoked for ever, in whatever order."""
    match event:
        case KeyRegistered():
            return replace(
                state,
                developer=event.developer,
                login=event.login,
                fingerprint=event.fingerprint,
                line=event.line,
                registered_at_us=event.registered_at_us,
            )
        case KeyRevoked(developer=developer, fingerprint=fingerprint, revoked_at_us=at_us):
            return replace(state, developer=developer, fingerprint=fingerprint, revoked_at_us=at_us)
        case _:
            assert_never(event)


def key_tags(state: Key) -> frozenset[str]:
    """A key is found by itself and by its developer."""
    return frozenset({key_tag(state.fingerprint), f"developer:{state.developer}"})


def attested(_: CommitAttested | None, happened: CommitAttested) -> CommitAttested:
    """A commit's whole life is its being attested."""
    return happened


def person_after(state: Person, event: PersonEvent) -> Person:
    """Consents are kept; what a developer did is others' to keep."""
    match event:
        case ConsentGiven(purpose="participation"):
            return replace(state, participation=True)
        case ConsentWithdrawn(purpose="participation"):
            return replace(state, participation=False)
        case ConsentGiven(brief=None):
            return replace(state, introduction=True)
        case ConsentWithdrawn(brief=None):
            return replace(state, introduction=False, briefs=())
        case ConsentGiven(brief=brief) | ConsentWithdrawn(brief=brief):
            others = tuple(known for known in state.briefs if known != brief)
            added = (brief,) if isinstance(event, ConsentGiven) and brief else ()
            return replace(state, briefs=(*others, *added)[-BRIEF_CONSENTS_MAX:])
        case ErasureRequested(requested_at_us=at_us):
            return Person(erased_at_us=at_us)
        case (
            WithholdingRequested()
            | ReleaseRequested()
            | OptInWithdrawn()
            | KeysAskedFor()
            | TicketRequested()
            | SeatAccepted()
            | VoteCast()
            | PointMarked()
        ):
            return state
        case _:
            assert_never(event)


def person_tags(_: Person) -> frozenset[str]:
    """Everybody who ever said something is found at once."""
    return frozenset({"person"})


def client_after(state: Client, event: BriefOpened | CreativeAdded) -> Client:
    """Count briefs and their creatives; what they say is the aggregator's to keep."""
    version, held = state.version + 1, state.briefs.get(event.brief)
    match event:
        case BriefOpened() if held is None and len(state.briefs) < BRIEFS_MAX:
            return Client(version, {**state.briefs, event.brief: Held(version)})
        case CreativeAdded() if held is not None and held.creatives < CREATIVES_MAX:
            counted = Held(held.version, held.creatives + 1)
            return Client(version, {**state.briefs, event.brief: counted})
        case BriefOpened() | CreativeAdded():
            return replace(state, version=version)
        case _:
            assert_never(event)


TOKEN: Fold[Token | None] = Fold("token", Token, None, token_after, tags=token_tags)
KEY = Fold("key", Key, Key(), key_after, tags=key_tags)
COMMIT: Fold[CommitAttested | None] = Fold("commit", CommitAttested, None, attested, whole=True)
PERSON = Fold("person", Person, Person(), person_after, tags=person_tags)
CLIENT = Fold("client", Client, Client(), client_after)

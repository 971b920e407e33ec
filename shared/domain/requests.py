"""The topic `requests`: what developers, clients and operators asked for. Written by gateway.

The edge has checked every field and the right to ask; whether it still holds is decided by the
function that reads it, at the moment of use.
"""

from typing import Annotated, Literal

from shared.domain.event import Event, event, of
from shared.domain.lanes import Lane

Role = Literal["operator", "client", "developer"]
Purpose = Literal["participation", "introduction"]
Use = Literal["bearer", "one-time", "session"]
"""What a token is for: to be sent with requests, to be turned into a session once, or to be such a session."""

ERASED_INVITATIONS_MAX = 1_000
"""Invitations that one erasure names: those in force or open."""


@event("house.gateway.token-issued.v1")
class TokenIssued(Event, frozen=True):
    """A bearer token exists. Stream: `token/<sha256 of the token>`; the token itself is nowhere.

    `subject` is what it may touch: a developer's pseudonym, a client's id, or `*` for an operator. `evidence` says
    how its holder showed who they are, where they did: an SSH key's fingerprint, GitHub, another token.
    """

    token: str
    role: Role
    subject: str
    name: Annotated[str, of("subject")]
    issued_at_us: int
    use: Use = "bearer"
    expires_at_us: int | None = None
    evidence: str | None = None


@event("house.gateway.token-revoked.v1")
class TokenRevoked(Event, frozen=True):
    """The token no longer opens anything. Stream: `token/<sha256 of the token>`."""

    token: str


@event("house.gateway.token-spent.v1")
class TokenSpent(Event, frozen=True):
    """A one-time token was opened, and ends with it. Stream: `token/<sha256 of the token>`."""

    token: str
    spent_at_us: int


@event("house.gateway.consent-given.v1")
class ConsentGiven(Event, frozen=True):
    """A developer agrees to `purpose`; `brief` narrows it to one brief's client. Stream: `person/<dev>`."""

    developer: str
    purpose: Purpose
    given_at_us: int
    brief: str | None = None


@event("house.gateway.consent-withdrawn.v1")
class ConsentWithdrawn(Event, frozen=True):
    """A developer takes a consent back, effective on receipt. Stream: `person/<dev>`."""

    developer: str
    purpose: Purpose
    withdrawn_at_us: int
    brief: str | None = None


@event("house.gateway.withholding-requested.v1")
class WithholdingRequested(Event, frozen=True):
    """A party wants an entry used for nothing. Stream: `person/<dev>`. `parties` are the entry's, in order.

    `invitation` is the one that the entry makes or answers, if any: what follows from it ends, too.
    """

    developer: str
    entry: str
    parties: tuple[str, ...]
    invitation: str | None = None


@event("house.gateway.release-requested.v1")
class ReleaseRequested(Event, frozen=True):
    """A party no longer withholds an entry. Stream: `person/<dev>`. `parties` are the entry's, in order."""

    developer: str
    entry: str
    parties: tuple[str, ...]


@event("house.gateway.opt-in-withdrawn.v1")
class OptInWithdrawn(Event, frozen=True):
    """A party takes an opt-in back without a commit, effective on receipt. Stream: `person/<dev>`.

    It counts as that party's revocation; of somebody invited who has not answered, as a refusal.
    """

    developer: str
    invitation: str
    withdrawn_at_us: int


@event("house.gateway.erasure-requested.v1")
class ErasureRequested(Event, frozen=True):
    """A developer wants to be forgotten, for good. Stream: `person/<dev>`.

    `invitations` are theirs in force or open, at most 1,000; `handles` name what else is kept of them by itself.
    """

    developer: str
    requested_at_us: int
    invitations: tuple[str, ...]
    handles: tuple[str, ...] = ()


@event("house.gateway.ticket-requested.v1")
class TicketRequested(Event, frozen=True):
    """A developer wishes to be matched. Stream: `person/<dev>`. At most one live ticket a developer."""

    ticket: str
    developer: str
    primary: Lane
    secondary: Lane
    languages: tuple[str, ...]
    offset_h: float
    pool: str
    requested_at_us: int
    expires_at_us: int


@event("house.gateway.seat-accepted.v1")
class SeatAccepted(Event, frozen=True):
    """A developer takes a seat; `introduce` agrees to be introduced to this brief's client. Stream: `person/<dev>`."""

    seat: str
    session: str
    developer: str
    accepted_at_us: int
    introduce: bool = False


@event("house.gateway.brief-opened.v1")
class BriefOpened(Event, frozen=True):
    """A client wants to know something. Stream: `client/<id>`.

    `sessions` teams are wanted; each works in a window of `window_s` seconds, in which every participant
    casts one vote (when there is copy) and marks `points_each` points on each image.
    """

    brief: str
    client: str
    title: str
    question: str
    pool: str
    sessions: int
    window_s: int
    points_each: int
    opened_at_us: int


@event("house.gateway.creative-added.v1")
class CreativeAdded(Event, frozen=True):
    """One copy variant (`text`) or one image (`blob`, its name in the bucket) of a brief. Stream: `client/<id>`."""

    brief: str
    client: str
    creative: str
    kind: Literal["copy", "image"]
    label: str
    text: str | None = None
    blob: str | None = None
    media_type: str | None = None
    width_px: int = 0
    height_px: int = 0


@event("house.gateway.vote-cast.v1")
class VoteCast(Event, frozen=True):
    """A participant's approval ballot over a brief's copy. Stream: `person/<dev>`. The latest one counts."""

    session: str
    brief: str
    developer: str
    approved: tuple[str, ...]
    cast_at_us: int


@event("house.gateway.point-marked.v1")
class PointMarked(Event, frozen=True):
    """One point on an image, `x` and `y` as fractions of its width and height. Stream: `person/<dev>`."""

    session: str
    brief: str
    developer: str
    creative: str
    x: float
    y: float
    marked_at_us: int

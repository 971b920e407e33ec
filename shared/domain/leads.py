"""The topic `results`, as to developers: the parts they took, and which clients they agree to be introduced to.

Written by aggregator. Stream: `lead/<dev>`.
"""

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.results import Part
from shared.domain.standing import OptIns


@event("house.aggregator.opt-in-noted.v1")
class OptInNoted(Event, frozen=True):
    """An opt-in of the stream's developer is in force, or has ended at `ended_at_us`. Stream: `lead/<dev>`."""

    invitation: str
    ended_at_us: int | None = None


@event("house.aggregator.seat-noted.v1")
class SeatNoted(Event, frozen=True):
    """The developer has a part in a session. Stream: `lead/<dev>`."""

    session: str
    developer: str


@event("house.aggregator.standing-told.v1")
class StandingTold(Event, frozen=True):
    """Whether what the developer does in the session may be used from now on. Stream: `lead/<dev>`.

    What they did until `erased_at_us` may not, whatever is told later.
    """

    session: str
    developer: str
    stands: bool
    erased_at_us: int = 0


@event("house.aggregator.participation-noted.v1")
class ParticipationNoted(Part, frozen=True):
    """The part that the developer took in a session is known here. Stream: `lead/<dev>`."""


@event("house.aggregator.erasure-noted.v1")
class ErasureNoted(Event, frozen=True):
    """The developer was erased: nothing that they did or said until then counts. Stream: `lead/<dev>`."""

    developer: str
    erased_at_us: int


@event("house.aggregator.introduction-agreed.v1")
class IntroductionAgreed(Event, frozen=True):
    """The developer agrees to be introduced to the client of a session or brief, or to any. Stream: `lead/<dev>`."""

    developer: str
    at_us: int
    session: str | None = None
    brief: str | None = None


@event("house.aggregator.introduction-refused.v1")
class IntroductionRefused(Event, frozen=True):
    """The developer takes such agreement back, for one brief or for all. Stream: `lead/<dev>`."""

    developer: str
    at_us: int
    brief: str | None = None


@event("house.aggregator.lead-qualified.v1")
class LeadQualified(Event, frozen=True):
    """A participant who agreed to be introduced to this client. Stream: `lead/<dev>`.

    `fit` and `engagement` are 0..100 each; every reason says how many points it gave, and to which.
    """

    brief: str
    client: str
    developer: str
    session: str
    fit: int
    engagement: int
    reasons: tuple[str, ...]


@event("house.aggregator.lead-withdrawn.v1")
class LeadWithdrawn(Event, frozen=True):
    """The participant no longer agrees to be introduced. Stream: `lead/<dev>`."""

    brief: str
    developer: str
    withdrawn_at_us: int


class Answer(Struct, frozen=True, array_like=True):
    """A developer's yes or no to being introduced."""

    at_us: int
    agreed: bool


class Leads(Struct, frozen=True, omit_defaults=True):
    """The state of `lead/<dev>`: participations by brief, answers, and the leads that follow from both.

    `answers` are by brief, `*` for any; `seats` are agreements given with a seat, by session. Nothing follows
    unless one of `opt_ins` is in force; the developer's `sessions` are told of that.
    """

    participations: dict[str, tuple[ParticipationNoted, ...]] = {}
    answers: dict[str, Answer] = {}
    seats: dict[str, int] = {}
    leads: dict[str, LeadQualified] = {}
    developer: str = ""
    opt_ins: OptIns = OptIns()
    sessions: tuple[str, ...] = ()

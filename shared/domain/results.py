"""The topic `results`: what sessions made of a brief. Written by aggregator.

Streams: `result/<session>` (one team's metric events), `brief/<id>` (the catalogue and the merged result) and
`lead/<dev>` (what a developer took part in, and which clients they agree to be introduced to).
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.lanes import Lane
from shared.domain.matches import Seat
from shared.domain.standing import OptIns

CREATIVES_MAX = 50
"""Creatives of one brief; later ones are not catalogued."""
SESSIONS_MAX = 1_000
"""Sessions of one brief; later ones are not catalogued."""
POINTS_EACH_MAX = 50
"""Points that one participant may mark on one image, whatever the brief asks for."""
BALLOTS_EACH_MAX = 20
"""Ballots that one participant may cast in one session: the first, and 19 changes of mind."""


class CopyTally(Struct, frozen=True, omit_defaults=True):
    """One copy variant's approvals of `ballots` ballots, the share's 95 % Wilson interval, and its label."""

    creative: str
    label: str
    approvals: int
    ballots: int
    share: float
    low: float
    high: float


class ImageHeat(Struct, frozen=True, omit_defaults=True):
    """The `marked` points on one image; `refusal` says why no map may be drawn of so few.

    `points` are (x, y) fractions of the image's width and height: all of them, or an even sample where
    there are too many to keep. `grid` counts every one, in `rows` rows of `columns` cells from the top left.
    """

    creative: str
    label: str
    marked: int
    points: tuple[tuple[float, float], ...]
    columns: int
    rows: int
    grid: tuple[int, ...]
    refusal: str | None = None


@event("house.aggregator.brief-catalogued.v1")
class BriefCatalogued(Event, frozen=True):
    """The brief is known here. Stream: `brief/<id>`."""

    brief: str
    client: str
    title: str
    question: str
    points_each: int


@event("house.aggregator.creative-catalogued.v1")
class CreativeCatalogued(Event, frozen=True):
    """One creative of the brief, a task of the sessions formed after it was added. Stream: `brief/<id>`."""

    brief: str
    creative: str
    kind: Literal["copy", "image"]
    label: str
    added_at_us: int
    text: str | None = None
    blob: str | None = None
    media_type: str | None = None
    width_px: int = 0
    height_px: int = 0


@event("house.aggregator.session-catalogued.v1")
class SessionCatalogued(Event, frozen=True):
    """A team works on the brief. Stream: `brief/<id>`.

    Its tasks are the creatives that were added before it was formed; it is catalogued again, with more of
    them, when one of those arrives here late. `points_each` is None while the brief itself is not known here.
    """

    session: str
    brief: str
    client: str
    seats: tuple[Seat, ...]
    copies: tuple[str, ...]
    images: tuple[str, ...]
    points_each: int | None
    formed_at_us: int
    window_end_us: int


@event("house.aggregator.session-opened.v1")
class SessionOpened(Event, frozen=True):
    """The session takes metric events. Stream: `result/<session>`."""

    session: str
    brief: str
    client: str
    seats: tuple[Seat, ...]
    copies: tuple[str, ...]
    images: tuple[str, ...]
    points_each: int
    window_end_us: int


@event("house.aggregator.metric-recorded.v1")
class MetricRecorded(Event, frozen=True):
    """One vote (`approved`) or one point (`creative`, `x`, `y`) is kept. Stream: `result/<session>`."""

    session: str
    developer: str
    at_us: int
    approved: tuple[str, ...] | None = None
    creative: str | None = None
    x: float = 0.0
    y: float = 0.0


class Marks(Struct, frozen=True, omit_defaults=True):
    """All counted points of one session on one image, as (x, y) fractions, in order of place."""

    creative: str
    points: tuple[tuple[float, float], ...]


@event("house.aggregator.session-closed.v1")
class SessionClosed(Event, frozen=True):
    """No more metric events are taken; these count. Stream: `result/<session>`.

    `ballots` are the approved copies of each participant who voted, without their names. They are those of
    participants whose consent stands; what changes about that later, SessionRevised says.
    """

    session: str
    brief: str
    client: str
    reason: Literal["tasks done", "window passed"]
    closed_at_us: int
    copies: tuple[str, ...]
    ballots: tuple[tuple[str, ...], ...]
    marks: tuple[Marks, ...]


@event("house.aggregator.session-revised.v1")
class SessionRevised(Event, frozen=True):
    """A participant's votes and points count no more (`added` false), or again. Stream: `result/<session>`.

    `ballots` and `marks` are theirs, without their name.
    """

    session: str
    brief: str
    client: str
    revised_at_us: int
    added: bool
    copies: tuple[str, ...]
    ballots: tuple[tuple[str, ...], ...]
    marks: tuple[Marks, ...]


@event("house.aggregator.part-begun.v1")
class PartBegun(Event, frozen=True):
    """A participant has done something in the session for the first time. Stream: `result/<session>`."""

    session: str
    developer: str


@event("house.aggregator.standing-noted.v1")
class StandingNoted(Event, frozen=True):
    """What StandingTold says is known to the session. Stream: `result/<session>`."""

    session: str
    developer: str
    stands: bool


@event("house.aggregator.part-taken.v1")
class PartTaken(Event, frozen=True):
    """One participant did at least one task of a session that has closed. Stream: `result/<session>`.

    `copies` and `points_asked` are the tasks there were; `voted` and `points_marked` what was done of them.
    """

    session: str
    brief: str
    client: str
    developer: str
    lane: Lane
    choice: Literal["primary", "secondary"] | None
    copies: int
    voted: bool
    points_asked: int
    points_marked: int


@event("house.aggregator.session-cleared.v1")
class SessionCleared(Event, frozen=True):
    """The session's tickets are used up. Stream: `result/<session>`."""

    session: str
    brief: str
    seats: tuple[Seat, ...]


@event("house.aggregator.result-published.v1")
class ResultPublished(Event, frozen=True):
    """What all closed sessions of the brief say together. Stream: `brief/<id>`. Each replaces the one before.

    `leading` is the copy with the highest share, None on a tie: no claim that the difference is real. What is revised
    later keeps `published_at_us`, when the last of the sessions closed.
    """

    brief: str
    client: str
    sessions: tuple[str, ...]
    copies: tuple[CopyTally, ...]
    images: tuple[ImageHeat, ...]
    leading: str | None
    published_at_us: int


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
    """Whether what the developer does in the session may be used from now on. Stream: `lead/<dev>`."""

    session: str
    developer: str
    stands: bool


@event("house.aggregator.participation-noted.v1")
class ParticipationNoted(Event, frozen=True):
    """The part a developer took in a session is known here. Stream: `lead/<dev>`. The fields are PartTaken's."""

    session: str
    brief: str
    client: str
    developer: str
    lane: Lane
    choice: Literal["primary", "secondary"] | None
    copies: int
    voted: bool
    points_asked: int
    points_marked: int


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


class Ballot(Struct, frozen=True, array_like=True, order=True):
    """One approval ballot."""

    cast_at_us: int
    approved: tuple[str, ...]


class Point(Struct, frozen=True, array_like=True, order=True):
    """One point on an image, `x` and `y` as fractions of its width and height."""

    marked_at_us: int
    x: float
    y: float


class Contribution(Struct, frozen=True, array_like=True):
    """What one participant did of a session that has closed: their ballot, if they voted, and their points."""

    ballot: tuple[str, ...] | None
    marks: tuple[Marks, ...]


class SessionResult(Struct, frozen=True, omit_defaults=True):
    """The state of `result/<session>`: the tasks, each participant's ballots, and their points by image.

    Ballots and points are in order of time. Those that arrive before the session is opened here wait in the
    same fields. `standing` says whose consent stands; once closed, `done` is what each participant did, so that
    it can be taken out of the result and put back.
    """

    opened: SessionOpened | None = None
    status: Literal["unknown", "open", "closed"] = "unknown"
    ballots: dict[str, tuple[Ballot, ...]] = {}
    points: dict[str, dict[str, tuple[Point, ...]]] = {}
    closed: SessionClosed | None = None
    standing: dict[str, bool] = {}
    done: dict[str, Contribution] = {}

    def stands(self, developer: str) -> bool:
        """Whether what the participant did may be used now."""
        return self.standing.get(developer, False)


class BriefResult(Struct, frozen=True, omit_defaults=True):
    """The state of `brief/<id>`: the catalogue, the latest result, and the newest teams still at work.

    `sessions` are all that were formed. The leads are found by their tag, `brief/<id>`, in `lead/<dev>`.
    """

    catalogued: BriefCatalogued | None = None
    creatives: tuple[CreativeCatalogued, ...] = ()
    sessions: tuple[str, ...] = ()
    at_work: tuple[SessionCatalogued, ...] = ()
    result: ResultPublished | None = None


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

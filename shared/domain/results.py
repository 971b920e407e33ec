"""The topic `results`: what sessions made of a brief. Written by aggregator.

Streams: `result/<session>` (one team's metric events) and `brief/<id>` (the catalogue, the result, the leads).
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.matches import Seat


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
    """The points marked on one image, as (x, y) fractions; `refusal` says why no map may be drawn of so few.

    `grid` counts them in rows of `columns` cells, from the top left.
    """

    creative: str
    label: str
    points: tuple[tuple[float, float], ...]
    columns: int
    rows: int
    grid: tuple[int, ...]
    refusal: str | None = None


@event("house.aggregator.brief-catalogued.v1")
class BriefCatalogued(Event, frozen=True):
    """The brief, or one more of its creatives, is known here. Stream: `brief/<id>`."""

    brief: str
    client: str
    title: str
    question: str
    points_each: int


@event("house.aggregator.creative-catalogued.v1")
class CreativeCatalogued(Event, frozen=True):
    """One creative of the brief. Stream: `brief/<id>`."""

    brief: str
    creative: str
    kind: Literal["copy", "image"]
    label: str
    text: str | None = None
    blob: str | None = None
    media_type: str | None = None
    width_px: int = 0
    height_px: int = 0


@event("house.aggregator.session-catalogued.v1")
class SessionCatalogued(Event, frozen=True):
    """A team works on the brief; its tasks are fixed from the creatives known by then. Stream: `brief/<id>`."""

    session: str
    brief: str
    client: str
    seats: tuple[Seat, ...]
    introduce: tuple[str, ...]
    copies: tuple[str, ...]
    images: tuple[str, ...]
    points_each: int
    window_end_us: int


@event("house.aggregator.session-opened.v1")
class SessionOpened(Event, frozen=True):
    """The session takes metric events. Stream: `result/<session>`. The fields are SessionCatalogued's."""

    session: str
    brief: str
    client: str
    seats: tuple[Seat, ...]
    introduce: tuple[str, ...]
    copies: tuple[str, ...]
    images: tuple[str, ...]
    points_each: int
    window_end_us: int


@event("house.aggregator.metric-recorded.v1")
class MetricRecorded(Event, frozen=True):
    """One vote or one point counts. Stream: `result/<session>`."""

    session: str
    developer: str
    at_us: int
    approved: tuple[str, ...] | None = None
    creative: str | None = None
    x: float = 0.0
    y: float = 0.0


@event("house.aggregator.session-closed.v1")
class SessionClosed(Event, frozen=True):
    """No more metric events are taken. Stream: `result/<session>`.

    `ballots` are (participant, approved copies); `points` are (image, x, y); `introduce` those who took part and
    agree to be introduced.
    """

    session: str
    brief: str
    reason: Literal["tasks done", "window passed"]
    closed_at_us: int
    ballots: tuple[tuple[str, tuple[str, ...]], ...]
    points: tuple[tuple[str, float, float], ...]
    introduce: tuple[str, ...]
    lanes: tuple[tuple[str, str], ...]
    tasks: tuple[tuple[str, int], ...]


@event("house.aggregator.session-cleared.v1")
class SessionCleared(Event, frozen=True):
    """The session's tickets are used up. Stream: `result/<session>`."""

    session: str
    brief: str
    seats: tuple[Seat, ...]


@event("house.aggregator.result-published.v1")
class ResultPublished(Event, frozen=True):
    """What all closed sessions of the brief say together. Stream: `brief/<id>`. Each replaces the one before."""

    brief: str
    client: str
    sessions: tuple[str, ...]
    copies: tuple[CopyTally, ...]
    images: tuple[ImageHeat, ...]
    leading: str | None
    published_at_us: int


@event("house.aggregator.lead-qualified.v1")
class LeadQualified(Event, frozen=True):
    """A participant who agreed to be introduced to this client. Stream: `brief/<id>`. Every point has its reason."""

    brief: str
    client: str
    developer: str
    session: str
    fit: int
    engagement: int
    reasons: tuple[str, ...]


@event("house.aggregator.lead-withdrawn.v1")
class LeadWithdrawn(Event, frozen=True):
    """The participant no longer agrees to be introduced. Stream: `brief/<id>`."""

    brief: str
    developer: str
    withdrawn_at_us: int


class SessionResult(Struct, frozen=True, omit_defaults=True):
    """The state of `result/<session>`: the tasks, each participant's latest ballot, and all points.

    Metric events that arrive before the session is opened here wait in the same fields.
    """

    opened: SessionOpened | None = None
    status: Literal["unknown", "open", "closed"] = "unknown"
    ballots: dict[str, tuple[str, ...]] = {}
    ballots_at_us: dict[str, int] = {}
    points: tuple[tuple[str, str, float, float], ...] = ()
    unconsented: frozenset[str] = frozenset()


class BriefResult(Struct, frozen=True, omit_defaults=True):
    """The state of `brief/<id>`: catalogue, closed sessions, the latest result, leads."""

    catalogued: BriefCatalogued | None = None
    creatives: tuple[CreativeCatalogued, ...] = ()
    sessions: tuple[str, ...] = ()
    closed: tuple[SessionClosed, ...] = ()
    result: ResultPublished | None = None
    leads: tuple[LeadQualified, ...] = ()

"""The topic `results`, as to briefs: the catalogue, and what all closed sessions say together. Stream: `brief/<id>`.

Written by aggregator.
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.matches import Seat

CREATIVES_MAX = 50
"""Creatives of one brief; later ones are not catalogued."""
SESSIONS_MAX = 1_000
"""Sessions of one brief; later ones are not catalogued."""


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


class BriefResult(Struct, frozen=True, omit_defaults=True):
    """The state of `brief/<id>`: the catalogue, the latest result, and the newest teams still at work.

    `sessions` are all that were formed. The leads are found by their tag, `brief/<id>`, in `lead/<dev>`.
    """

    catalogued: BriefCatalogued | None = None
    creatives: tuple[CreativeCatalogued, ...] = ()
    sessions: tuple[str, ...] = ()
    at_work: tuple[SessionCatalogued, ...] = ()
    result: ResultPublished | None = None

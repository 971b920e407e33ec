"""The topic `results`, as to sessions: one team's metric events, and what they add up to. Stream: `result/<session>`.

Written by aggregator, which also keeps `brief/<id>` (`brief_results`) and `lead/<dev>` (`leads`) here.
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.lanes import Lane
from shared.domain.matches import Seat

POINTS_EACH_MAX = 50
"""Points that one participant may mark on one image, whatever the brief asks for."""
BALLOTS_EACH_MAX = 20
"""Ballots that one participant may cast in one session: the first, and 19 changes of mind."""


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
    erased_at_us: int = 0


class Part(Event, frozen=True):
    """What one participant did of a closed session's tasks.

    `copies` and `points_asked` are the tasks there were; `voted` and `points_marked` what was done of them, the last
    of it at `last_at_us`.
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
    last_at_us: int = 0


@event("house.aggregator.part-taken.v1")
class PartTaken(Part, frozen=True):
    """The participant did at least one task of a session that has closed. Stream: `result/<session>`."""


@event("house.aggregator.session-cleared.v1")
class SessionCleared(Event, frozen=True):
    """The session's tickets are used up. Stream: `result/<session>`."""

    session: str
    brief: str
    seats: tuple[Seat, ...]


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
    last_at_us: int = 0


class SessionResult(Struct, frozen=True, omit_defaults=True):
    """The state of `result/<session>`: the tasks, each participant's ballots, and their points by image.

    Ballots and points are in order of time. Those that arrive before the session is opened here wait in the
    same fields. `standing` says whose consent stands; once closed, `done` is what each participant did, so that
    it can be taken out of the result and put back. `erased` are those of whom nothing counts from until then.
    """

    opened: SessionOpened | None = None
    status: Literal["unknown", "open", "closed"] = "unknown"
    ballots: dict[str, tuple[Ballot, ...]] = {}
    points: dict[str, dict[str, tuple[Point, ...]]] = {}
    closed: SessionClosed | None = None
    standing: dict[str, bool] = {}
    done: dict[str, Contribution] = {}
    erased: dict[str, int] = {}

    def stands(self, developer: str) -> bool:
        """Whether what the participant did may be used now."""
        return self.standing.get(developer, False)

    def counts(self, developer: str) -> bool:
        """Whether the closed session's result has anything of theirs in it."""
        return developer in self.done and self.stands(developer)

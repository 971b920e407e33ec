"""The topic `matches`: tickets, and the sessions they become. Written by matchmaker.

Streams: `ticket/<dev>` (a developer's standing and at most one live ticket), `demand/<brief>` (the sessions a
brief still wants) and `session/<id>`.
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, event
from shared.domain.lanes import Lane
from shared.domain.standing import OptIns


class Seat(Struct, frozen=True, omit_defaults=True):
    """One lane of a session and who may take it. Its id reads `<session>.<lane>`.

    `choice` says which of the ticket's two lanes it is.
    """

    id: str
    lane: Lane
    developer: str
    ticket: str
    choice: Literal["primary", "secondary"] | None = None


class Ticket(Struct, frozen=True, omit_defaults=True):
    """A wish to be matched. `skill` is the OpenSkill mean, 25 for a newcomer."""

    id: str
    primary: Lane
    secondary: Lane
    languages: tuple[str, ...]
    offset_h: float
    pool: str
    expires_at_us: int
    skill: float = 25.0
    requested_at_us: int = 0


@event("house.matchmaker.standing-gained.v1")
class StandingGained(Event, frozen=True):
    """An opt-in of the stream's developer came into force. Stream: `ticket/<dev>`."""

    invitation: str


@event("house.matchmaker.standing-lost.v1")
class StandingLost(Event, frozen=True):
    """An opt-in of the stream's developer ended, for good. Stream: `ticket/<dev>`. The earliest instant counts."""

    invitation: str
    lost_at_us: int


@event("house.matchmaker.availability-changed.v1")
class AvailabilityChanged(Event, frozen=True):
    """The developer's public status says busy, or no longer does. Stream: `ticket/<dev>`."""

    developer: str
    busy: bool
    observed_at_us: int


@event("house.matchmaker.ticket-queued.v1")
class TicketQueued(Event, frozen=True):
    """The ticket waits for a draw. Stream: `ticket/<dev>`."""

    developer: str
    ticket: Ticket


@event("house.matchmaker.ticket-expired.v1")
class TicketExpired(Event, frozen=True):
    """The ticket was not drawn in time. Stream: `ticket/<dev>`."""

    developer: str
    ticket: str


@event("house.matchmaker.ticket-drawn.v1")
class TicketDrawn(Event, frozen=True):
    """A draw gave the ticket a seat. Stream: `ticket/<dev>`."""

    developer: str
    ticket: str
    seat: str
    session: str


@event("house.matchmaker.seat-forfeited.v1")
class SeatForfeited(Event, frozen=True):
    """The developer was erased, or their last opt-in ended, while they held a seat. Stream: `ticket/<dev>`.

    The earliest instant counts.
    """

    developer: str
    ticket: str
    seat: str
    session: str
    forfeited_at_us: int


@event("house.matchmaker.ticket-returned.v1")
class TicketReturned(Event, frozen=True):
    """The seat came to nothing: the ticket waits again. Stream: `ticket/<dev>`."""

    developer: str
    ticket: str
    session: str


@event("house.matchmaker.ticket-cleared.v1")
class TicketCleared(Event, frozen=True):
    """The session is over and the ticket used up. Stream: `ticket/<dev>`."""

    developer: str
    ticket: str
    session: str


@event("house.matchmaker.ticket-forgotten.v1")
class TicketForgotten(Event, frozen=True):
    """The developer was erased: no ticket from until then waits or is drawn. Stream: `ticket/<dev>`."""

    developer: str
    erased_at_us: int


@event("house.matchmaker.demand-opened.v1")
class DemandOpened(Event, frozen=True):
    """A brief wants sessions from a pool. Stream: `demand/<brief>`."""

    brief: str
    client: str
    pool: str
    sessions: int
    window_s: int
    opened_at_us: int


@event("house.matchmaker.demand-taken.v1")
class DemandTaken(Event, frozen=True):
    """A draw gave the brief a session. Stream: `demand/<brief>`."""

    brief: str
    session: str


@event("house.matchmaker.demand-returned.v1")
class DemandReturned(Event, frozen=True):
    """That session came to nothing: the brief wants one more again. Stream: `demand/<brief>`."""

    brief: str
    session: str


@event("house.matchmaker.session-proposed.v1")
class SessionProposed(Event, frozen=True):
    """Five tickets fit together. Stream: `session/<id>`. Seats are to be taken by `deadline_us`."""

    session: str
    brief: str
    client: str
    pool: str
    seats: tuple[Seat, ...]
    quality: float
    window_s: int
    deadline_us: int


@event("house.matchmaker.seat-confirmed.v1")
class SeatConfirmed(Event, frozen=True):
    """The developer took the seat. Stream: `session/<id>`. It comes again when an earlier word shows up late."""

    session: str
    seat: str
    developer: str
    introduce: bool
    accepted_at_us: int


@event("house.matchmaker.forfeit-noted.v1")
class ForfeitNoted(Event, frozen=True):
    """The seat's developer may not take it any more. Stream: `session/<id>`. It comes again like SeatConfirmed."""

    session: str
    seat: str
    forfeited_at_us: int


@event("house.matchmaker.seat-returned.v1")
class SeatReturned(Event, frozen=True):
    """The seat goes back, and its ticket to the pool. Stream: `session/<id>`."""

    session: str
    seat: str
    developer: str
    ticket: str
    reason: str


@event("house.matchmaker.session-formed.v1")
class SessionFormed(Event, frozen=True):
    """All five seats are taken: the window is open until `window_end_us`. Stream: `session/<id>`."""

    session: str
    brief: str
    client: str
    seats: tuple[Seat, ...]
    introduce: tuple[str, ...]
    formed_at_us: int
    window_end_us: int


@event("house.matchmaker.session-dissolved.v1")
class SessionDissolved(Event, frozen=True):
    """Not all seats were taken in time, or one was forfeited before. Stream: `session/<id>`."""

    session: str
    brief: str
    reason: str


class TicketState(Struct, frozen=True, omit_defaults=True):
    """The state of `ticket/<dev>`: opt-ins, availability, and the live ticket with its status."""

    developer: str = ""
    opt_ins: OptIns = OptIns()
    busy: bool = False
    observed_at_us: int = 0
    ticket: Ticket | None = None
    status: Literal["none", "queued", "drawn", "expired", "cleared"] = "none"
    seat: str | None = None
    session: str | None = None


class Demand(Struct, frozen=True, omit_defaults=True):
    """The state of `demand/<brief>`: how many sessions it still wants, those it was given, and how many ever."""

    opened: DemandOpened | None = None
    sessions: tuple[str, ...] = ()
    taken: int = 0

    @property
    def wanted(self) -> int:
        """How many more sessions the brief wants."""
        return (self.opened.sessions if self.opened else 0) - len(self.sessions)


class Session(Struct, frozen=True, omit_defaults=True):
    """The state of `session/<id>`. `accepted` and `forfeits` are instants by seat, `introduce` developers."""

    proposed: SessionProposed | None = None
    accepted: dict[str, int] = {}
    introduce: frozenset[str] = frozenset()
    forfeits: dict[str, int] = {}
    status: Literal["unknown", "proposed", "formed", "dissolved"] = "unknown"
    formed: SessionFormed | None = None

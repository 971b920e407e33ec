"""Matchmaker: what becomes of a developer's ticket and of a brief's demand.

Reads OptInConfirmed, OptInRevoked, TicketRequested, ErasureRequested, ProfileObserved, BriefOpened, SessionCleared,
its own SeatReturned and SessionDissolved, and Due.
Emits, on ticket/<dev>: StandingGained, StandingLost, AvailabilityChanged, TicketQueued, TicketExpired,
SeatForfeited, TicketForgotten, TicketReturned, TicketCleared; on demand/<brief>: DemandOpened, DemandReturned.
The draw adds TicketDrawn and DemandTaken to the same streams, and begins session/<id> (session.py).
"""

from msgspec.structs import replace

from shared.domain.event import Due, Event, Input
from shared.domain.matches import (
    AvailabilityChanged,
    Demand,
    DemandOpened,
    DemandReturned,
    DemandTaken,
    SeatForfeited,
    SeatReturned,
    SessionDissolved,
    StandingGained,
    StandingLost,
    Ticket,
    TicketCleared,
    TicketDrawn,
    TicketExpired,
    TicketForgotten,
    TicketQueued,
    TicketReturned,
    TicketState,
)
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.profiles import ProfileObserved
from shared.domain.requests import BriefOpened, ErasureRequested, TicketRequested
from shared.domain.results import SessionCleared
from shared.runtime.shapes import Decider, Fold

# -- ticket/<dev>


def _ticket_streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case OptInConfirmed(parties=parties) | OptInRevoked(parties=parties):
            return tuple(f"ticket/{party}" for party in parties)
        case (
            TicketRequested(developer=dev)
            | ErasureRequested(developer=dev)
            | ProfileObserved(developer=dev)
            | SeatReturned(developer=dev)
        ):
            return (f"ticket/{dev}",)
        case SessionCleared(seats=seats):
            return tuple(f"ticket/{seat.developer}" for seat in seats)
        case _:
            return ()


def evolve_ticket(state: TicketState, event: Event) -> TicketState:
    """Keep standing, availability and the ticket's status."""
    match event:
        case StandingGained(invitation=invitation):
            return replace(state, opt_ins=state.opt_ins.gained(invitation))
        case StandingLost(invitation=invitation, lost_at_us=at_us):
            return replace(state, opt_ins=state.opt_ins.lost(invitation, at_us))
        case AvailabilityChanged(developer=dev, busy=busy, observed_at_us=at_us):
            return replace(state, developer=dev, busy=busy, observed_at_us=at_us)
        case TicketQueued(developer=dev, ticket=ticket):
            return replace(state, developer=dev, ticket=ticket, status="queued", seat=None, session=None)
        case TicketDrawn(seat=seat, session=session):
            return replace(state, status="drawn", seat=seat, session=session)
        case TicketReturned():
            return replace(state, status="queued", seat=None, session=None)
        case TicketExpired():
            return replace(state, status="expired")
        case TicketCleared():
            return replace(state, status="cleared")
        case TicketForgotten(developer=dev, erased_at_us=at_us):
            return _without(replace(state, developer=dev, opt_ins=state.opt_ins.erased(at_us)))
        case SeatForfeited():
            # The session decides; until it does, the seat is held.
            return state
        case _:
            raise AssertionError(f"{event} is no event of a ticket")


def decide_ticket(state: TicketState, arrived: Input) -> list[Event]:
    """One developer's standing and at most one live ticket."""
    match arrived.body:
        case OptInConfirmed(invitation=invitation):
            new = state.opt_ins.gained(invitation) != state.opt_ins
            return [StandingGained(invitation)] if new else []
        case OptInRevoked(invitation=invitation, revoked_at_us=at_us):
            return _lost(state, StandingLost(invitation, at_us))
        case ProfileObserved(developer=dev, busy=busy, observed_at_us=at_us):
            changed = busy != state.busy and at_us > state.observed_at_us
            return [AvailabilityChanged(dev, busy, at_us)] if changed else []
        case TicketRequested() as request:
            asked = (request.requested_at_us, request.ticket)
            newer = state.ticket is None or asked > (state.ticket.requested_at_us, state.ticket.id)
            newer = newer and not state.opt_ins.forgets(request.requested_at_us)
            queued = TicketQueued(request.developer, _ticket(request))
            return [queued] if newer and state.status != "drawn" else []
        case ErasureRequested(developer=dev, requested_at_us=at_us):
            return _forgotten(state, TicketForgotten(dev, at_us))
        case SeatReturned(session=session) if _holds(state, session) and state.ticket:
            returned = TicketReturned(state.developer, state.ticket.id, session)
            return [returned, *_expired(state.developer, state.ticket, arrived.time_us)]
        case SessionCleared(session=session) if _holds(state, session) and state.ticket:
            return [TicketCleared(state.developer, state.ticket.id, session)]
        case Due() if state.status == "queued" and state.ticket:
            return _expired(state.developer, state.ticket, arrived.time_us)
        case _:
            return []


def _lost(state: TicketState, lost: StandingLost) -> list[Event]:
    """An opt-in ends, or ended earlier than was known. Without any left, a held seat went with the last to end.

    One order still matters: another opt-in that begins while the seat is held saves it only if handled first.
    """
    after = evolve_ticket(state, lost)
    if after.opt_ins == state.opt_ins:
        return []
    if after.status == "drawn" and not after.opt_ins.stands and after.ticket and after.seat and after.session:
        at_us = max(after.opt_ins.ended.values())
        return [lost, SeatForfeited(after.developer, after.ticket.id, after.seat, after.session, at_us)]
    return [lost]


def _forgotten(state: TicketState, forgotten: TicketForgotten) -> list[Event]:
    """The developer was erased, and with them the ticket and any seat that it holds."""
    after = evolve_ticket(state, forgotten)
    if after.opt_ins == state.opt_ins:
        return []
    if state.status == "drawn" and after.status != "drawn" and state.ticket and state.seat and state.session:
        seat = (state.ticket.id, state.seat, state.session)
        return [SeatForfeited(forgotten.developer, *seat, forgotten.erased_at_us), forgotten]
    return [forgotten]


def _without(state: TicketState) -> TicketState:
    """The state without what is from before its developer was erased."""
    if state.opt_ins.forgets(state.observed_at_us):
        state = replace(state, busy=False, observed_at_us=state.opt_ins.erased_at_us)
    if state.ticket and not state.opt_ins.forgets(state.ticket.requested_at_us):
        return state
    return replace(state, ticket=None, status="none", seat=None, session=None)


def _holds(state: TicketState, session: str) -> bool:
    return state.status == "drawn" and state.session == session


def _ticket(request: TicketRequested) -> Ticket:
    return Ticket(
        request.ticket,
        request.primary,
        request.secondary,
        request.languages,
        request.offset_h,
        request.pool,
        request.expires_at_us,
        requested_at_us=request.requested_at_us,
    )


def _expired(developer: str, ticket: Ticket, now_us: int) -> list[Event]:
    return [TicketExpired(developer, ticket.id)] if ticket.expires_at_us <= now_us else []


def ticket_due(state: TicketState) -> int | None:
    """A waiting ticket expires."""
    return state.ticket.expires_at_us if state.ticket and state.status == "queued" else None


def ticket_tags(state: TicketState) -> frozenset[str]:
    """`queued`: it waits, an opt-in is in force, and its developer is not busy."""
    ready = state.status == "queued" and state.opt_ins.stands and not state.busy
    return frozenset({"queued"} if ready else ())


# -- demand/<brief>


def _demand_streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case BriefOpened(brief=brief) | SessionDissolved(brief=brief):
            return (f"demand/{brief}",)
        case _:
            return ()


def evolve_demand(state: Demand, event: Event) -> Demand:
    """Keep the sessions that the brief was given."""
    match event:
        case DemandOpened():
            return replace(state, opened=event)
        case DemandTaken(session=session):
            return replace(state, sessions=(*state.sessions, session), taken=state.taken + 1)
        case DemandReturned(session=session):
            return replace(state, sessions=tuple(kept for kept in state.sessions if kept != session))
        case _:
            raise AssertionError(f"{event} is no event of a demand")


def decide_demand(state: Demand, arrived: Input) -> list[Event]:
    """A brief wants sessions until it has them."""
    match arrived.body:
        case BriefOpened() as brief if state.opened is None:
            at_us = brief.opened_at_us
            return [
                DemandOpened(brief.brief, brief.client, brief.pool, brief.sessions, brief.window_s, at_us)
            ]
        case SessionDissolved(brief=brief, session=session) if session in state.sessions:
            return [DemandReturned(brief, session)]
        case _:
            return []


def demand_tags(state: Demand) -> frozenset[str]:
    """`wanted`: the brief wants more sessions."""
    return frozenset({"wanted"} if state.wanted > 0 else ())


TICKET = Decider(
    Fold("ticket", TicketState, TicketState(), evolve_ticket, ticket_due, ticket_tags),
    (
        OptInConfirmed,
        OptInRevoked,
        TicketRequested,
        ErasureRequested,
        ProfileObserved,
        SeatReturned,
        SessionCleared,
        Due,
    ),
    _ticket_streams,
    decide_ticket,
)
DEMAND = Decider(
    Fold("demand", Demand, Demand(), evolve_demand, tags=demand_tags),
    (BriefOpened, SessionDissolved),
    _demand_streams,
    decide_demand,
)

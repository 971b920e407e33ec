"""A proposed session: five seats are taken in time, or all go back.

Reads SeatAccepted, the tickets' SeatForfeited, and Due.
Emits SeatConfirmed, SessionFormed, SeatReturned, SessionDissolved. Stream: session/<id>.
"""

from collections.abc import Callable

from msgspec.structs import replace

from shared.domain.event import Due, Event, Input
from shared.domain.instants import SECOND_US
from shared.domain.matches import (
    SeatConfirmed,
    SeatForfeited,
    SeatReturned,
    Session,
    SessionDissolved,
    SessionFormed,
    SessionProposed,
)
from shared.domain.requests import SeatAccepted
from shared.runtime.shapes import Decider, Fold


def _streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case SeatAccepted(session=session) | SeatForfeited(session=session):
            return (f"session/{session}",)
        case _:
            return ()


def evolve(state: Session, event: Event) -> Session:
    """Keep who took their seat, and how it ended."""
    match event:
        case SessionProposed():
            return replace(state, proposed=event, status="proposed")
        case SeatConfirmed(seat=seat, developer=dev, introduce=introduce, accepted_at_us=at_us):
            agreed = state.introduce | {dev} if introduce else state.introduce
            taken_at_us = max(state.taken_at_us, at_us)
            return replace(state, accepted=state.accepted | {seat}, introduce=agreed, taken_at_us=taken_at_us)
        case SessionFormed():
            return replace(state, status="formed", formed=event)
        case SeatReturned():
            return state
        case SessionDissolved():
            return replace(state, status="dissolved")
        case _:
            raise AssertionError(f"{event} is no event of a session")


def decide(state: Session, arrived: Input) -> list[Event]:
    """Five seats are taken in time, or all go back."""
    proposed = state.proposed
    if proposed is None or state.status != "proposed":
        return []
    match arrived.body:
        case SeatAccepted() as accepted:
            return _taken(state, proposed, accepted)
        case SeatForfeited(seat=forfeited):
            why = "a developer's last opt-in ended"
            return _dissolved(proposed, why, lambda seat: why if seat == forfeited else "session dissolved")
        case Due():
            taken = state.accepted
            why = "not all seats were accepted in time"
            return _dissolved(
                proposed, why, lambda seat: "session dissolved" if seat in taken else "not accepted in time"
            )
        case _:
            return []


def _taken(state: Session, proposed: SessionProposed, accepted: SeatAccepted) -> list[Event]:
    seat = next((seat for seat in proposed.seats if seat.id == accepted.seat), None)
    held = seat is not None and seat.developer == accepted.developer and seat.id not in state.accepted
    if not held or accepted.accepted_at_us > proposed.deadline_us:
        return []
    confirmed = SeatConfirmed(
        proposed.session, accepted.seat, accepted.developer, accepted.introduce, accepted.accepted_at_us
    )
    after = evolve(state, confirmed)
    if len(after.accepted) < len(proposed.seats):
        return [confirmed]
    formed = SessionFormed(
        proposed.session,
        proposed.brief,
        proposed.client,
        proposed.seats,
        tuple(seat.developer for seat in proposed.seats if seat.developer in after.introduce),
        after.taken_at_us,
        after.taken_at_us + proposed.window_s * SECOND_US,
    )
    return [confirmed, formed]


def _dissolved(proposed: SessionProposed, why: str, reason: Callable[[str], str]) -> list[Event]:
    session = proposed.session
    returned = [SeatReturned(session, s.id, s.developer, s.ticket, reason(s.id)) for s in proposed.seats]
    return [*returned, SessionDissolved(session, proposed.brief, why)]


def due(state: Session) -> int | None:
    """Seats are to be taken by the deadline."""
    return state.proposed.deadline_us if state.proposed and state.status == "proposed" else None


def tags(state: Session) -> frozenset[str]:
    """Found by developer, brief and status."""
    if state.proposed is None:
        return frozenset()
    developers = (f"developer:{seat.developer}" for seat in state.proposed.seats)
    return frozenset({*developers, f"brief:{state.proposed.brief}", f"status:{state.status}"})


SESSION = Decider(
    Fold("session", Session, Session(), evolve, due, tags),
    (SeatAccepted, SeatForfeited, Due),
    _streams,
    decide,
)

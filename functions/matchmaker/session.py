"""A proposed session: five seats are taken in time, or all go back.

Reads SeatAccepted, the tickets' SeatForfeited, and Due.
Emits SeatConfirmed, ForfeitNoted, SessionFormed, SeatReturned, SessionDissolved. Stream: session/<id>.

What arrives is only noted. The verdict falls at Due, by the instants in the facts: when the watermark has passed
the instant that settles it, so that the order in which they were handled decides nothing.
"""

from collections.abc import Callable

from msgspec.structs import replace

from shared.domain.event import Due, Event, Input
from shared.domain.instants import SECOND_US
from shared.domain.matches import (
    ForfeitNoted,
    SeatConfirmed,
    SeatForfeited,
    SeatReturned,
    Session,
    SessionDissolved,
    SessionFormed,
    SessionProposed,
)
from shared.domain.orderless import with_entry
from shared.domain.requests import SeatAccepted
from shared.runtime.shapes import Decider, Fold


def _streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case SeatAccepted(session=session) | SeatForfeited(session=session):
            return (f"session/{session}",)
        case _:
            return ()


def evolve(state: Session, event: Event) -> Session:
    """Keep who took or forfeited their seat, and how it ended."""
    match event:
        case SessionProposed():
            return replace(state, proposed=event, status="proposed")
        case SeatConfirmed(seat=seat, developer=dev, introduce=introduce, accepted_at_us=at_us):
            agreed = state.introduce | {dev} if introduce else state.introduce - {dev}
            return replace(state, accepted=with_entry(state.accepted, seat, at_us), introduce=agreed)
        case ForfeitNoted(seat=seat, forfeited_at_us=at_us):
            return replace(state, forfeits=with_entry(state.forfeits, seat, at_us))
        case SessionFormed():
            return replace(state, status="formed", formed=event, forfeits={})
        case SeatReturned():
            return state
        case SessionDissolved():
            # What was noted until now, and what came too late to be, is the same nothing.
            return Session(proposed=state.proposed, status="dissolved")
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
        case SeatForfeited() as forfeited:
            return _forfeited(state, proposed, forfeited)
        case Due():
            return _verdict(state, proposed)
        case _:
            return []


# -- facts


def _taken(state: Session, proposed: SessionProposed, accepted: SeatAccepted) -> list[Event]:
    """Who takes their seat more than once took it the first time, by their own instants."""
    seat, developer, at_us = accepted.seat, accepted.developer, accepted.accepted_at_us
    known = (state.accepted.get(seat, proposed.deadline_us + 1), developer in state.introduce)
    if not _held(proposed, seat, developer) or (at_us, accepted.introduce) >= known:
        return []
    return [SeatConfirmed(proposed.session, seat, developer, accepted.introduce, at_us)]


def _forfeited(state: Session, proposed: SessionProposed, forfeited: SeatForfeited) -> list[Event]:
    seat, at_us = forfeited.seat, forfeited.forfeited_at_us
    known_us = state.forfeits.get(seat, proposed.deadline_us + 1)
    if not _held(proposed, seat, forfeited.developer) or at_us >= known_us:
        return []
    return [ForfeitNoted(proposed.session, seat, at_us)]


def _held(proposed: SessionProposed, seat: str, developer: str) -> bool:
    return any(known.id == seat and known.developer == developer for known in proposed.seats)


# -- the verdict


def settled_at_us(state: Session, proposed: SessionProposed) -> int:
    """The instant that settles it: the last seat is taken, a seat is forfeited, or the deadline is there."""
    complete = len(state.accepted) == len(proposed.seats)
    taken_us = [max(state.accepted.values())] if complete else []
    return min([proposed.deadline_us, *taken_us, *state.forfeits.values()])


def _verdict(state: Session, proposed: SessionProposed) -> list[Event]:
    """A forfeit at the very instant at which the last seat is taken comes first: consent has ended."""
    at_us = settled_at_us(state, proposed)
    forfeits = {seat for seat, forfeited_us in state.forfeits.items() if forfeited_us == at_us}
    if forfeits:
        why = "a developer's last opt-in ended"
        return _dissolved(proposed, why, lambda seat: why if seat in forfeits else "session dissolved")
    if len(state.accepted) == len(proposed.seats):
        return [_formed(state, proposed, at_us)]
    taken = state.accepted
    why = "not all seats were accepted in time"
    return _dissolved(
        proposed, why, lambda seat: "session dissolved" if seat in taken else "not accepted in time"
    )


def _formed(state: Session, proposed: SessionProposed, at_us: int) -> SessionFormed:
    return SessionFormed(
        proposed.session,
        proposed.brief,
        proposed.client,
        proposed.seats,
        tuple(seat.developer for seat in proposed.seats if seat.developer in state.introduce),
        at_us,
        at_us + proposed.window_s * SECOND_US,
    )


def _dissolved(proposed: SessionProposed, why: str, reason: Callable[[str], str]) -> list[Event]:
    session = proposed.session
    returned = [SeatReturned(session, s.id, s.developer, s.ticket, reason(s.id)) for s in proposed.seats]
    return [*returned, SessionDissolved(session, proposed.brief, why)]


def due(state: Session) -> int | None:
    """A microsecond after what settles it, when all that happened at that very instant is known, too."""
    if state.proposed is None or state.status != "proposed":
        return None
    return settled_at_us(state, state.proposed) + 1


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

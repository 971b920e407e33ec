"""The draw: every ten seconds, waiting tickets become sessions for the briefs that want them.

Sees the tickets tagged `queued` and the demands tagged `wanted`. Emits SessionProposed, TicketDrawn, DemandTaken.
"""

from collections.abc import Mapping
from hashlib import sha1
from itertools import islice
from typing import Any

from functions.matchmaker.teams import teams
from shared.domain.event import Event
from shared.domain.ids import uuid5
from shared.domain.instants import MINUTE_US
from shared.domain.lanes import LANES
from shared.domain.matches import (
    Demand,
    DemandOpened,
    DemandTaken,
    Seat,
    SessionProposed,
    Ticket,
    TicketDrawn,
    TicketState,
)
from shared.domain.quality import quality

SEAT_DEADLINE_US = 5 * MINUTE_US
"""How long a seat may be taken."""
SESSIONS_MAX = 1_000
"""Sessions of one draw, which are appended together; the rest waits for the next."""


def draw(states: Mapping[str, Any], now_us: int, seed: str) -> list[tuple[str, Event]]:
    """Teams for the demands, the oldest first, each as five drawn tickets, one proposed session, one taken demand."""
    wanted = _wanted(states)
    if not wanted:
        return []
    seekers = _seekers(states, now_us, seed)
    pairs: list[tuple[str, Event]] = []
    for pool in sorted(wanted):
        waiting = seekers.get(pool, [])
        found = teams([ticket for _, ticket in waiting])
        for (opened, n), team in zip(islice(wanted[pool], SESSIONS_MAX), found, strict=False):
            pairs += _session(opened, n, [waiting[i] for i in team], now_us, seed)
    return pairs


def sees(state: Any) -> str:
    """A ticket by its id, a demand by how often it was taken: each session proposed takes one."""
    if isinstance(state, TicketState):
        return state.ticket.id if state.ticket else ""
    assert isinstance(state, Demand)
    return str(state.taken)


def _wanted(states: Mapping[str, Any]) -> dict[str, list[tuple[DemandOpened, int]]]:
    """By pool, one (brief, number) for each session wanted, the oldest brief first."""
    demands = [
        (state.opened, state.wanted)
        for state in states.values()
        if isinstance(state, Demand) and state.opened
    ]
    wanted: dict[str, list[tuple[DemandOpened, int]]] = {}
    for opened, sessions in sorted(demands, key=lambda d: (d[0].opened_at_us, d[0].brief)):
        if sessions > 0:
            wanted.setdefault(opened.pool, []).extend((opened, n) for n in range(sessions))
    return wanted


def _seekers(states: Mapping[str, Any], now_us: int, seed: str) -> dict[str, list[tuple[str, Ticket]]]:
    """By pool, the (developer, ticket) that may be drawn now, in an order that only the seed decides."""
    seekers: dict[str, list[tuple[bytes, str, Ticket]]] = {}
    for stream, state in states.items():
        if isinstance(state, TicketState) and (ticket := _drawable(state, now_us)):
            tie = sha1(f"{seed}{ticket.id}".encode(), usedforsecurity=False).digest()
            seekers.setdefault(ticket.pool, []).append((tie, stream.removeprefix("ticket/"), ticket))
    return {
        pool: [(developer, ticket) for _, developer, ticket in sorted(each, key=lambda s: s[:2])]
        for pool, each in seekers.items()
    }


def _drawable(state: TicketState, now_us: int) -> Ticket | None:
    """The ticket if it waits, is in time, and its developer has an opt-in in force and is not busy."""
    ticket = state.ticket
    ready = state.status == "queued" and state.opt_ins.stands and not state.busy
    return ticket if ready and ticket and ticket.expires_at_us > now_us else None


def _session(
    opened: DemandOpened, n: int, team: list[tuple[str, Ticket]], now_us: int, seed: str
) -> list[tuple[str, Event]]:
    session = uuid5("session", seed, opened.brief, str(n))
    seats = tuple(
        Seat(
            id=f"{session}.{lane}",
            lane=lane,
            developer=developer,
            ticket=ticket.id,
            choice="primary" if lane == ticket.primary else "secondary",
        )
        for lane, (developer, ticket) in zip(LANES, team, strict=True)
    )
    proposed = SessionProposed(
        session=session,
        brief=opened.brief,
        client=opened.client,
        pool=opened.pool,
        seats=seats,
        quality=round(quality([ticket for _, ticket in team]), 6),
        window_s=opened.window_s,
        deadline_us=now_us + SEAT_DEADLINE_US,
    )
    drawn = [(f"ticket/{s.developer}", TicketDrawn(s.developer, s.ticket, s.id, session)) for s in seats]
    return [
        (f"session/{session}", proposed),
        *drawn,
        (f"demand/{opened.brief}", DemandTaken(opened.brief, session)),
    ]

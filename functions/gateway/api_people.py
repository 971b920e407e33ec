"""What developers say of themselves: consents, tickets, and the seats they take."""

from functions.gateway import sight
from functions.gateway.answers import Requested
from functions.gateway.answers import sessions as answers
from functions.gateway.bodies import Acceptance, Consent, NewTicket
from functions.gateway.call import DEVELOPER, Answer, Call, Route, Submit, missing, requested
from shared.domain.event import Event
from shared.domain.instants import SECOND_US, rfc3339
from shared.domain.matches import Ticket
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, SeatAccepted, TicketRequested
from shared.runtime.edge import Rejection


def consent(call: Call, word: Consent) -> Submit:
    """Give a consent, or take it back."""
    developer, now_us = call.who.subject, call.now_us
    said: Event = (
        ConsentGiven(developer, word.purpose, now_us, word.brief)
        if word.given
        else ConsentWithdrawn(developer, word.purpose, now_us, word.brief)
    )
    return requested(developer, said)


def request_ticket(call: Call, wish: NewTicket) -> Submit:
    """Ask to be matched. At most one live ticket a developer."""
    developer, ticket = call.who.subject, call.derived("ticket")
    mine = sight.ticket(call.edge, call.who)
    live = mine.ticket if mine.status in ("queued", "drawn") else None
    if live and live.id != ticket and (mine.status == "drawn" or live.expires_at_us > call.now_us):
        detail = f"your ticket {live.id} is {mine.status} until {rfc3339(live.expires_at_us)}"
        raise Rejection(409, "One ticket at a time", detail)
    requested = TicketRequested(
        ticket=ticket,
        developer=developer,
        primary=wish.primary,
        secondary=wish.secondary,
        languages=tuple(dict.fromkeys(wish.languages)),
        offset_h=wish.offset_h,
        pool=wish.pool,
        requested_at_us=call.now_us,
        expires_at_us=call.now_us + wish.expires_in_s * SECOND_US,
    )
    return Submit(
        ((f"person/{developer}", requested),),
        lambda receipt: Answer(answers.TicketQueued(ticket=ticket, correlationid=receipt.correlation), 202),
    )


def my_ticket(call: Call) -> Answer:
    """Where the caller stands."""
    mine = sight.ticket(call.edge, call.who)
    return Answer(
        answers.MyTicket(
            developer=call.who.subject,
            opted_in=mine.opt_ins.stands,
            status=mine.status,
            ticket=_ticket(mine.ticket) if mine.ticket else None,
            seat=mine.seat,
            session=mine.session,
        )
    )


def my_seats(call: Call) -> Answer:
    """The seats kept for the caller, or taken by them."""
    mine = sight.ticket(call.edge, call.who)
    drawn = sight.session(call.edge, call.who, mine.session) if mine.session else None
    if drawn is None or drawn.session.status not in ("proposed", "formed"):
        return Answer(answers.MySeats(seats=[]))
    session, proposed = drawn.session, drawn.proposed
    own = [seat for seat in proposed.seats if seat.developer == call.who.subject]
    seats = [
        answers.MySeat(
            seat=seat.id,
            session=proposed.session,
            lane=seat.lane,
            brief=proposed.brief,
            deadline=rfc3339(proposed.deadline_us),
            accepted=seat.id in session.accepted,
        )
        for seat in own
    ]
    return Answer(answers.MySeats(seats=seats))


def accept_seat(call: Call, word: Acceptance) -> Submit:
    """Take a seat within its deadline."""
    seat_id, developer = call.path["seat"], call.who.subject
    drawn = sight.session(call.edge, call.who, seat_id.partition(".")[0])
    seats = drawn.proposed.seats if drawn else ()
    if drawn is None or not any(seat.id == seat_id and seat.developer == developer for seat in seats):
        raise missing("seat")
    session, proposed = drawn.session, drawn.proposed
    if seat_id not in session.accepted:
        if session.status == "dissolved":
            raise Rejection(409, "Session dissolved", "not all its seats were taken; your ticket waits again")
        if call.now_us > proposed.deadline_us:
            raise Rejection(409, "Too late", f"the seat was to be taken by {rfc3339(proposed.deadline_us)}")
    return requested(
        developer, SeatAccepted(seat_id, proposed.session, developer, call.now_us, word.introduce)
    )


def _ticket(ticket: Ticket) -> answers.Ticket:
    return answers.Ticket(
        ticket=ticket.id,
        primary=ticket.primary,
        secondary=ticket.secondary,
        languages=list(ticket.languages),
        offset_h=ticket.offset_h,
        pool=ticket.pool,
        expires_at=rfc3339(ticket.expires_at_us),
    )


ROUTES = (
    Route(
        "POST",
        "/api/consents",
        "Give a consent, or take it back",
        consent,
        DEVELOPER,
        body=Consent,
        answer=Requested,
        status=202,
    ),
    Route(
        "POST",
        "/api/tickets",
        "Ask to be matched",
        request_ticket,
        DEVELOPER,
        body=NewTicket,
        answer=answers.TicketQueued,
        status=202,
        refusals=(409,),
    ),
    Route("GET", "/api/tickets/mine", "Show where you stand", my_ticket, DEVELOPER, answer=answers.MyTicket),
    Route("GET", "/api/seats/mine", "List your seats", my_seats, DEVELOPER, answer=answers.MySeats),
    Route(
        "POST",
        "/api/seats/{seat}/accept",
        "Take a seat",
        accept_seat,
        DEVELOPER,
        body=Acceptance,
        answer=Requested,
        status=202,
        refusals=(404, 409),
    ),
)

"""Tickets, seats and sessions, as developers see them."""

from functions.gateway.answers import Body, Done


class TicketQueued(Done):
    """The wish is recorded under this id."""

    ticket: str


class Ticket(Body):
    """A wish to be matched."""

    ticket: str
    primary: str
    secondary: str
    languages: list[str]
    offset_h: float
    pool: str
    expires_at: str


class MyTicket(Body):
    """Where a developer stands."""

    developer: str
    opted_in: bool
    status: str
    ticket: Ticket | None
    seat: str | None
    session: str | None


class MySeat(Body):
    """A seat kept for a developer until `deadline`."""

    seat: str
    session: str
    lane: str
    brief: str
    deadline: str
    accepted: bool


class MySeats(Body):
    """The seats of a developer."""

    seats: list[MySeat]


class Seat(Body):
    """One lane of a session."""

    lane: str
    developer: str
    accepted: bool


class Copy(Body):
    """A copy variant to vote on."""

    creative: str
    label: str
    text: str


class Image(Body):
    """An image to mark points on."""

    creative: str
    label: str
    url: str
    width_px: int
    height_px: int


class Tasks(Body):
    """What the participants are asked to do."""

    copies: list[Copy]
    images: list[Image]
    points_each: int


class Session(Body):
    """A team at work. `lane` is the reader's own; `tasks` come once all seats are taken."""

    session: str
    brief: str
    status: str
    lane: str | None
    seats: list[Seat]
    window_end: str | None
    tasks: Tasks | None

"""A brief with two copies and an image, a team of five, and a run of the aggregator's decisions over inputs."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import msgspec

from functions.aggregator.main import FUNCTION
from shared.domain.brief_results import SessionCatalogued
from shared.domain.event import Due, Event, Input
from shared.domain.ids import event_id, uuid5
from shared.domain.instants import HOUR_US, SECOND_US
from shared.domain.lanes import LANES
from shared.domain.matches import Seat, SessionFormed
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.requests import BriefOpened, CreativeAdded, PointMarked, VoteCast
from shared.domain.results import SessionOpened
from tests.given import HOUSE, NOW_US

BRIEF, CLIENT, SESSION = "brief-1", "client_1", "session-1"
TEAM = tuple(f"dev_{lane}" for lane in LANES)
COPIES, IMAGES, POINTS_EACH = ("copy-a", "copy-b"), ("image-a",), 2
FORMED_US = NOW_US + 10 * SECOND_US
WINDOW_END_US = NOW_US + HOUR_US

OPENED = BriefOpened(
    BRIEF, CLIENT, "Donate page", "Which words move you?", "default", 1, 3600, POINTS_EACH, NOW_US
)


def creative(name: str, brief: str = BRIEF) -> CreativeAdded:
    if name.startswith("copy"):
        return CreativeAdded(brief, CLIENT, name, "copy", name.upper(), text=f"Words of {name}")
    return CreativeAdded(
        brief, CLIENT, name, "image", name.upper(), None, f"images/{name}", "image/png", 640, 480
    )


def seats(session: str = SESSION, team: Sequence[str] = TEAM) -> tuple[Seat, ...]:
    return tuple(
        Seat(f"{session}.{lane}", lane, developer, f"ticket-{developer}", "primary")
        for lane, developer in zip(LANES, team, strict=True)
    )


def formed(session: str = SESSION, team: Sequence[str] = TEAM) -> SessionFormed:
    return SessionFormed(session, BRIEF, CLIENT, seats(session, team), (), FORMED_US, WINDOW_END_US)


def catalogued(**changes: Any) -> SessionCatalogued:
    fields: dict[str, Any] = {
        "session": SESSION,
        "brief": BRIEF,
        "client": CLIENT,
        "seats": seats(),
        "copies": COPIES,
        "images": IMAGES,
        "points_each": POINTS_EACH,
        "formed_at_us": FORMED_US,
        "window_end_us": WINDOW_END_US,
    }
    return SessionCatalogued(**{**fields, **changes})


def opened(**changes: Any) -> SessionOpened:
    fields = msgspec.structs.asdict(catalogued(**changes))
    del fields["formed_at_us"]
    return SessionOpened(**fields)


def vote(developer: str, after_s: float, *approved: str, session: str = SESSION) -> VoteCast:
    return VoteCast(session, BRIEF, developer, approved, at(after_s))


def point(
    developer: str, after_s: float, x: float, y: float, image: str = "image-a", session: str = SESSION
) -> PointMarked:
    return PointMarked(session, BRIEF, developer, image, x, y, at(after_s))


def at(after_s: float) -> int:
    """That many seconds after the session was formed."""
    return FORMED_US + round(after_s * SECOND_US)


def time_of(body: Event) -> int:
    """When an input's event happened."""
    for name in (
        "cast_at_us",
        "marked_at_us",
        "formed_at_us",
        "accepted_at_us",
        "given_at_us",
        "withdrawn_at_us",
    ):
        if hasattr(body, name):
            moment: int = getattr(body, name)
            return moment
    return NOW_US


def opt_in(developer: str, invitation: str | None = None) -> OptInConfirmed:
    """An opt-in of the developer with the host comes into force."""
    name = invitation or f"invitation-{developer}"
    parties, logins = ("dev_host", developer), ("host", developer)
    return OptInConfirmed(name, "answer", parties, logins, "sprint-match/1", HOUSE.terms, NOW_US)


def opt_out(developer: str, at_us: int = NOW_US, invitation: str | None = None) -> OptInRevoked:
    """It ends."""
    name = invitation or f"invitation-{developer}"
    return OptInRevoked(name, ("dev_host", developer), developer, at_us)


class Run:
    """The aggregator's states by stream, and all events it made, in the order in which they were made."""

    def __init__(self, random: Random | None = None, opted_in: Iterable[str] = (*TEAM, "dev_ada")) -> None:
        self.states: dict[str, Any] = {}
        self.events: list[Event] = []
        self._random = random or Random(0)
        self.take(opt_in(developer) for developer in opted_in)

    def take(self, bodies: Iterable[Event]) -> "Run":
        """Handle inputs in this order; what the aggregator makes of them comes back to it in any order of streams."""
        waiting = [
            Input(uuid5("run", str(n)), time_of(b), "elsewhere/1", b, HOUSE) for n, b in enumerate(bodies)
        ]
        returning: list[Input] = []
        while waiting or returning:
            if not waiting or (returning and self._random.random() < 0.5):
                streams = [waits.stream for waits in returning]
                firsts = [n for n, stream in enumerate(streams) if stream not in streams[:n]]
                happened = returning.pop(self._random.choice(firsts))
            else:
                happened = waiting.pop(0)
            returning.extend(self._handle(happened))
        return self

    def until(self, known_us: int) -> "Run":
        """Wake what is due once all until that instant is known, itself included, and handle what comes of it."""
        watermark_us = known_us + 1
        for shape in FUNCTION.readers:
            for stream in [name for name in self.states if name.startswith(shape.fold.prefix + "/")]:
                due_us = shape.fold.due_at_us(self.states[stream])
                if due_us is not None and due_us <= watermark_us:
                    due = Input(uuid5("due", stream), watermark_us, stream, Due(due_us), HOUSE)
                    made = self._decide(shape, stream, due)
                    after_us = shape.fold.due_at_us(self.states[stream])
                    assert after_us is None or after_us > watermark_us
                    self.take(happened.body for happened in made)
        return self

    def _handle(self, happened: Input) -> list[Input]:
        made: list[Input] = []
        for shape in FUNCTION.readers:
            if type(happened.body) in shape.reads:
                for stream in shape.streams(happened):  # type: ignore[union-attr]  # the aggregator has no spread
                    made.extend(self._decide(shape, stream, happened))
        return made

    def _decide(self, shape: Any, stream: str, happened: Input) -> list[Input]:
        state = self.states.get(stream, shape.fold.initial)
        made = list(shape.decide(state, happened))
        for event in made:
            state = shape.fold.evolve(state, event)
        if made:
            # States are stored as JSON: what does not survive that is a mistake.
            self.states[stream] = msgspec.json.decode(msgspec.json.encode(state), type=shape.fold.state)
        self.events.extend(made)
        return [
            Input(event_id("aggregator", happened.id + stream, n), happened.time_us, stream, event, HOUSE)
            for n, event in enumerate(made)
        ]

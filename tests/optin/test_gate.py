"""Nothing is used without the standing consent of both: words in any order through the engine, with draws between."""

import json
from dataclasses import dataclass, field

from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from shared.domain.instants import DAY_US, MINUTE_US
from shared.domain.lanes import LANES
from shared.domain.matches import SessionProposed
from shared.runtime.draws import draw
from tests.given import HOUSE
from tests.optin.engine import NUMBERS, Engine, accept, message, push

HOST, GUESTS = "alice", ("bob", "carol", "dora", "emil", "fay", "gus")
EVERYBODY = (HOST, *GUESTS)


@dataclass
class Asked:
    """One invitation, and what a reader of the rules would say became of it."""

    commit: str
    expires_at_us: int
    answer: str | None = None
    accepted_at_us: int | None = None
    over: bool = False

    @property
    def stands(self) -> bool:
        return self.accepted_at_us is not None and not self.over


@dataclass
class Star:
    """One star of the host's repository."""

    entry: str
    received_at_us: int
    withheld: bool = False


@dataclass
class World:
    """The engine, and beside it the plainest account of who agreed to what."""

    house: Engine = field(default_factory=Engine)
    asked: dict[str, list[Asked]] = field(default_factory=lambda: {guest: [] for guest in GUESTS})
    stars: dict[str, list[Star]] = field(default_factory=lambda: {guest: [] for guest in GUESTS})
    words: int = 0
    proposals: int = 0

    def __post_init__(self) -> None:
        wish = {"title": "Brief", "question": "Which?", "sessions": 100}
        assert self.house.customer().post("/api/briefs", wish).status_code == 201
        for n, name in enumerate(EVERYBODY):
            ticket = {
                "primary": LANES[n % 5],
                "secondary": LANES[(n + 1) % 5],
                "languages": ["en"],
                "offset_h": 0,
                "expires_in_s": 14 * 86_400,
            }
            assert self.house.developer(NUMBERS[name]).post("/api/tickets", ticket).status_code == 202

    def stands(self, name: str) -> bool:
        """Whether both said yes, in an opt-in of theirs that nobody has ended."""
        theirs = self.asked.values() if name == HOST else [self.asked[name]]
        return any(one.stands for invitations in theirs for one in invitations)

    def says(self, who: str, text: str) -> str:
        """A commit of its own."""
        self.words += 1
        return self.house.push(who, text.replace("To the House", f"To the House, {self.words}"))

    def step(self, what: str, guest: str) -> None:
        """One thing happens."""
        last = self.asked[guest][-1] if self.asked[guest] else None
        match what:
            case "invite":
                text = self.house.invite(f"github:{NUMBERS[guest]}/{guest}", House_Id=f"{self.words:032x}")
                commit = self.says(HOST, text)
                self.asked[guest].append(Asked(commit, self.house.clock.now_us() + 7 * DAY_US))
            case "accept" if last:
                said = self.says(guest, accept(last.commit))
                # Of several the first is what the opt-in rests on.
                last.answer = last.answer or said
                in_time = self.house.clock.now_us() <= last.expires_at_us
                if in_time and not last.over and last.accepted_at_us is None:
                    last.accepted_at_us = self.house.clock.now_us()
            case "decline" | "revoke" | "withdraw" if last:
                key = "House-Decline" if what == "decline" else "House-Revoke"
                ending = {key: last.commit, "House-Origin": HOUSE.origin}
                self.says(HOST if what == "withdraw" else guest, message(ending))
                last.over = True
            case "withhold the answer" if last and last.answer:
                self.ask(guest, last.answer, "withhold")
                last.over = True
            case "withhold the invitation" if last:
                self.ask(HOST, last.commit, "withhold")
                last.over = True
            case "release" if last:
                self.ask(HOST, last.commit, "release")
                if last.answer:
                    self.ask(guest, last.answer, "release")
            case "star":
                self.star(guest)
            case "withhold the star" | "release the star" if self.stars[guest]:
                star = self.stars[guest][-1]
                self.ask(guest, star.entry, what.split()[0])
                star.withheld = what.startswith("withhold")
            case "wait":
                self.house.wait(3)
            case "draw":
                self.draw()
            case _:
                pass

    def ask(self, who: str, entry: str, what: str) -> None:
        asked = self.house.developer(NUMBERS[who]).post(f"/api/entries/{entry}/{what}")
        assert asked.status_code == 202, asked.text
        self.house.clock.move(1)

    def star(self, guest: str) -> None:
        self.words += 1
        payload = {
            "action": "created",
            "starred_at": f"2026-03-02T09:00:00.{self.words:06}Z",
            "repository": push(HOST, "x")["repository"],
            "sender": push(guest, "x")["sender"],
        }
        assert self.house.send("star", json.dumps(payload).encode()).status == 202
        [entry] = self.house.developer(NUMBERS[guest]).get("/api/entries?kind=star&limit=1").json()["entries"]
        self.stars[guest].append(Star(entry["hash"], self.house.clock.now_us()))

    def draw(self) -> None:
        """Everybody seated stands, and every star shows whether it may be used."""
        shell = self.house.shells["matchmaker"]
        known = len(self.house.happened(SessionProposed))
        draw(shell, shell.function.draws[0], self.house.clock.now_us())
        proposed = self.house.happened(SessionProposed)[known:]
        self.proposals += len(proposed)
        names = {self.house.pseudonym(NUMBERS[name]): name for name in EVERYBODY}
        for session in proposed:
            for seat in session.seats:
                assert self.stands(names[seat.developer]), f"{names[seat.developer]} was seated"
        ready = sum(map(self.stands, EVERYBODY))
        assert bool(proposed) <= (ready >= 5)
        # Nobody takes their seat, so all tickets wait again.
        self.house.clock.move(6 * MINUTE_US)
        self.house.settle()
        for guest in GUESTS:
            for star in self.stars[guest]:
                assert self.house.of(f"/api/entries/{star.entry}")["standing"] == self.standing(guest, star)

    def standing(self, guest: str, star: Star) -> str:
        if star.withheld:
            return "withheld"
        covered = any(
            one.stands and one.accepted_at_us and one.accepted_at_us <= star.received_at_us
            for one in self.asked[guest]
        )
        return "confirmed" if covered else "recorded"


def test_five_who_stand_are_seated_and_four_are_not() -> None:
    world = World()
    for guest in GUESTS[:4]:
        world.draw()
        assert world.proposals == 0
        world.step("invite", guest)
        world.step("accept", guest)
    world.step("star", "bob")
    world.draw()
    assert world.proposals == 1
    world.step("revoke", "bob")
    world.draw()
    assert world.proposals == 1


WORDS = (
    "invite",
    "accept",
    "decline",
    "revoke",
    "withdraw",
    "withhold the answer",
    "withhold the invitation",
    "release",
    "star",
    "withhold the star",
    "release the star",
    "wait",
    "draw",
)
# Mostly yes, so that there is something to draw from and to take back.
likely = st.sampled_from((*WORDS, *["invite", "accept", "draw"] * 3))


@settings(max_examples=40, deadline=None)
@always(st.integers(0, 6), st.lists(st.tuples(likely, st.sampled_from(GUESTS)), max_size=25))
def test_no_draw_and_no_page_uses_what_both_do_not_consent_to(
    ready: int, steps: list[tuple[str, str]]
) -> None:
    world = World()
    for guest in GUESTS[:ready]:
        world.step("invite", guest)
        world.step("accept", guest)
    for what, guest in steps:
        world.step(what, guest)
    world.draw()
    assert world.house.of("/api/dead-letters")["letters"] == []

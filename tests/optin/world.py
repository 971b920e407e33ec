"""A House in which seven developers say, take back, work and are forgotten in any order, through the doors of all.

`World.step` lets one thing happen, and keeps the plainest account of it beside. `World.check` compares what the House
uses with that account: entries, votes, points and leads; a draw's seats, and what a checkpoint of the ledger takes in,
are compared as they are made.
"""

import json

from shared.adapters.keyring import Keyring
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.archive import CheckpointPublished
from shared.domain.brief_results import BriefResult
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.domain.lanes import LANES
from shared.domain.matches import Session, SessionProposed
from shared.runtime.draws import draw
from tests.gateway.house import Voice, picture
from tests.given import HOUSE
from tests.optin.account import EVERYBODY, HOST, Account, Asked, Star, Work
from tests.optin.archiving import Archiving
from tests.optin.engine import NUMBERS, Engine, accept, message, push

ORIGIN = {"House-Origin": HOUSE.origin}
PICTURE = picture()
PLACES = {name: n / 10 for n, name in enumerate(EVERYBODY, 1)}
"""Where on the image each marks a point, and nobody else; each also approves of a copy of their own."""


class World:
    """The engine, and beside it the account."""

    def __init__(self) -> None:
        # Keys of its own, as some are destroyed.
        self.house = Engine(Keyring(MemoryVault(), LocalWrapping(bytes(32)), seed=bytes))
        self.account = Account()
        self.archiver = Archiving(self.house)
        self.names = {self.house.pseudonym(NUMBERS[name]): name for name in EVERYBODY}
        self.published: set[str] = set()
        self.opt_ins: set[str] = set()
        self.proposals = self._words = 0
        self._open_brief()
        self.voices = {name: self.house.developer(NUMBERS[name]) for name in EVERYBODY}
        for name in EVERYBODY:
            self.queue(name)

    def _open_brief(self) -> None:
        self.client = self.house.customer()
        # Of two points each marks one, so that a session stays open until its window has passed.
        wish = {"title": "Brief", "question": "Which?", "sessions": 100, "points_each": 2}
        self.brief = self.client.post("/api/briefs", wish).json()["brief"]
        creatives = f"/api/briefs/{self.brief}/creatives"
        self.copies = {
            name: self.client.post(creatives, {"kind": "copy", "label": name, "text": name}).json()[
                "creative"
            ]
            for name in EVERYBODY
        }
        self.image = self.client.upload(creatives, PICTURE, label="image").json()["creative"]

    @property
    def now_us(self) -> int:
        return self.house.clock.now_us()

    def stands(self, name: str) -> bool:
        """Whether an opt-in of theirs is in force."""
        return self.account.stands(name)

    def step(self, what: str, who: str) -> None:
        """One thing happens. What is between a guest and the host is nothing where `who` is the host."""
        if who != HOST:
            self._between(what, who)
        match what:
            case "introduce" | "do not introduce":
                self.introduce(who, what == "introduce")
            case "erase":
                self.erase(who)
            case "come back":
                self.come_back(who)
            case "wait":
                self.house.wait(3)
            case "draw":
                self.draw()
            case "play":
                self.play()
            case "publish":
                self.publish()
            case _:
                pass

    # -- between a guest and the host

    def _between(self, what: str, guest: str) -> None:
        asked, stars = self.account.asked[guest], self.account.stars[guest]
        last = asked[-1] if asked else None
        match what:
            case "invite":
                self.invite(guest)
            case "opt in":
                self.accept(guest, self.invite(guest))
            case "accept" if last:
                self.accept(guest, last)
            case "decline" | "revoke" | "withdraw" if last:
                key = "House-Decline" if what == "decline" else "House-Revoke"
                self.says(HOST if what == "withdraw" else guest, message({key: last.commit, **ORIGIN}))
                last.over = True
            case "withhold the answer" if last and last.answer:
                last.over |= self.ask(guest, last.answer, last.answered_at_us, "withhold")
            case "withhold the invitation" if last:
                last.over |= self.ask(HOST, last.commit, last.asked_at_us, "withhold")
            case "release" if last:
                self.ask(HOST, last.commit, last.asked_at_us, "release")
                if last.answer:
                    self.ask(guest, last.answer, last.answered_at_us, "release")
            case "star":
                self.star(guest)
            case "withhold the star" | "release the star" if stars:
                star, word = stars[-1], what.split()[0]
                if self.ask(guest, star.entry, star.received_at_us, word):
                    star.withheld = word == "withhold"
            case _:
                pass

    def says(self, who: str, text: str) -> str:
        """A commit of its own."""
        self._words += 1
        return self.house.push(who, text.replace("To the House", f"To the House, {self._words}"))

    def invite(self, guest: str) -> Asked:
        text = self.house.invite(f"github:{NUMBERS[guest]}/{guest}", House_Id=f"{self._words:032x}")
        asked = Asked(self.says(HOST, text), self.now_us)
        self.account.asked[guest].append(asked)
        return asked

    def accept(self, guest: str, asked: Asked) -> None:
        asked.accept(self.says(guest, accept(asked.commit)), self.now_us)

    def ask(self, who: str, entry: str, received_at_us: int, what: str) -> bool:
        """Whether they may ask it: who is erased has no say, and later none about what was before."""
        if who not in self.voices:
            return False
        theirs = received_at_us > self.account.erased_at_us.get(who, 0)
        asked = self.voices[who].post(f"/api/entries/{entry}/{what}")
        assert asked.status_code == (202 if theirs else 404), asked.text
        self.house.clock.move(1)
        return theirs

    def star(self, guest: str) -> None:
        self._words += 1
        payload = {
            "action": "created",
            "starred_at": f"2026-03-02T09:00:00.{self._words:06}Z",
            "repository": push(HOST, "x")["repository"],
            "sender": push(guest, "x")["sender"],
        }
        assert self.house.send("star", json.dumps(payload).encode()).status == 202
        [entry] = self.house.of("/api/entries?kind=star&limit=1")["entries"]
        self.account.stars[guest].append(Star(entry["hash"], self.now_us))

    # -- what one says alone

    def introduce(self, name: str, given: bool) -> None:
        if name in self.voices:
            word = {"purpose": "introduction", "given": given}
            assert self.voices[name].post("/api/consents", word).status_code == 202
            self.account.said[name].append((self.now_us, given, None))
            self.house.clock.move(1)

    def queue(self, name: str) -> None:
        """Wish to be matched, where they do not yet."""
        n = EVERYBODY.index(name)
        lanes = {"primary": LANES[n % 5], "secondary": LANES[(n + 1) % 5]}
        ticket = {**lanes, "languages": ["en"], "offset_h": 0, "expires_in_s": 14 * 86_400}
        assert self.voices[name].post("/api/tickets", ticket).status_code in (202, 409)
        self.account.tickets.add(name)
        self.house.clock.move(1)

    def erase(self, name: str) -> None:
        """Nothing of theirs is left, not even their way in."""
        if name in self.voices:
            voice = self.voices.pop(name)
            assert voice.post("/api/me/erasure", {"confirm": "erase me"}).status_code == 202
            self.account.forget(name, self.now_us)
            self.house.clock.move(1)
            self.archiver.catch_up()
            assert voice.get("/api/me").status_code == 401

    def come_back(self, name: str) -> None:
        """The same account with a token that is not the one they had, and a ticket where they have none."""
        if name not in self.voices:
            wanted = {"role": "developer", "name": f"github:{NUMBERS[name]}/{name}"}
            issued = self.house.operator().post("/api/tokens", wanted).json()
            assert self.names[issued["subject"]] == name
            self.voices[name] = Voice(self.house, issued["token"])
        self.queue(name)

    # -- what is used

    def draw(self) -> list[SessionProposed]:
        """Everybody seated stands and has a ticket."""
        shell = self.house.shells["matchmaker"]
        known = len(self.house.happened(SessionProposed))
        draw(shell, shell.function.draws[0], self.now_us)
        proposed: list[SessionProposed] = self.house.happened(SessionProposed)[known:]
        self.proposals += len(proposed)
        seated = {self.names[seat.developer] for session in proposed for seat in session.seats}
        assert seated <= self.account.seatable(), f"{seated - self.account.seatable()} were seated"
        self.house.settle()
        return proposed

    def play(self) -> None:
        """A team is drawn, takes its seats and begins to work: each does some of what was asked for."""
        for session in self.draw():
            team = [self.names[seat.developer] for seat in session.seats]
            for name, seat in zip(team, session.seats, strict=True):
                taken = self.voices[name].post(f"/api/seats/{seat.id}/accept", {"introduce": True})
                assert taken.status_code == 202, taken.text
                self.account.said[name].append((self.now_us, True, session.session))
            self.house.clock.move(SECOND_US)
            self.house.settle()
            for name in team:
                self._work(name, session.session)
            self.house.clock.move(1)

    def _work(self, name: str, session: str) -> None:
        kept = self.house.state("matchmaker", f"session/{session}", Session)
        assert kept is not None
        assert kept.formed is not None
        place = {"creative": self.image, "x": PLACES[name], "y": 0.5}
        asked = {"votes": {"approved": [self.copies[name]]}, "points": place}
        for what, body in asked.items():
            assert self.voices[name].post(f"/api/sessions/{session}/{what}", body).status_code == 202
        self.account.works.append(Work(name, session, kept.formed.window_end_us))
        # The ticket is used up: there may be another when the session is over.
        self.account.tickets.discard(name)

    def publish(self) -> None:
        """A checkpoint takes in what may be published at that moment, once, and nothing else."""
        opt_ins = {one.commit: one for one in self.account.opt_ins()}
        said = [self._entry(commit) for one in opt_ins.values() for commit in (one.commit, one.answer or "")]
        stars = [entry for entry, standing in self.account.standings().items() if standing == "confirmed"]
        done = [event for _ in range(2) for event in self.archiver.slot()]
        made = sum(event.opt_ins for event in done if isinstance(event, CheckpointPublished))
        assert made == len(opt_ins.keys() - self.opt_ins)
        self.opt_ins |= opt_ins.keys()
        self.published |= {*said, *stars}
        assert self.archiver.published() == self.published

    def _entry(self, commit: str) -> str:
        """The entry that a commit is."""
        [view] = self.house.store.states("eventlog", f"anchor:{commit}")
        return view.stream.partition("/")[2]

    def check(self) -> None:
        """Once what is due has happened, what is used is what may be."""
        # Nobody takes a seat that is left, so its ticket waits again; and what is over is counted.
        self.house.clock.move(6 * MINUTE_US)
        self.house.settle()
        self.compare()

    def compare(self) -> None:
        """Entries, votes, points and leads are those of who stands, and all of those."""
        shown = self.house.of("/api/entries?kind=star&limit=500")["entries"]
        assert {entry["hash"]: entry["standing"] for entry in shown} == self.account.standings()
        counted = self.account.counted(self.now_us)
        results = self.client.get(f"/api/briefs/{self.brief}/results").json()
        votes = {copy["creative"]: copy["approvals"] for copy in results["copies"]}
        assert {name: votes.get(copy, 0) for name, copy in self.copies.items()} == counted
        parts = [each["ballots"] for each in results["copies"]] + [
            each["points"] for each in results["images"]
        ]
        assert set(parts) <= {sum(counted.values())}
        assert self._places() == sorted(PLACES[name] for name, times in counted.items() for _ in range(times))
        leads = {self.names[lead["developer"]] for lead in results["leads"]}
        assert leads == self.account.leads(self.now_us)

    def _places(self) -> list[float]:
        """Where the points lie that the heat map is drawn from."""
        kept = self.house.state("aggregator", f"brief/{self.brief}", BriefResult)
        heats = kept.result.images if kept and kept.result else ()
        return sorted(round(x, 3) for heat in heats for x, _ in heat.points)

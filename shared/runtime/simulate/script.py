"""What people do in a simulated world: pushes, stars, tickets, briefs, votes; each once, at an instant of its own.

The script is made of the world's seed alone. What answers to a draw (taking a seat, voting) is made of the seed and
the seat's id, so that it is the same however the world was scheduled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha1
from random import Random

from shared.domain.brief_results import CreativeCatalogued
from shared.domain.entries import EntryRecorded
from shared.domain.event import House
from shared.domain.ids import uuid5
from shared.domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, rfc3339
from shared.domain.lanes import LANES
from shared.domain.leads import LeadQualified
from shared.domain.matches import SessionFormed, SessionProposed
from shared.domain.requests import (
    BriefOpened,
    ConsentGiven,
    ConsentWithdrawn,
    CreativeAdded,
    ErasureRequested,
    PointMarked,
    Purpose,
    SeatAccepted,
    TicketRequested,
    VoteCast,
    WithholdingRequested,
)
from shared.runtime.simulate.deeds import (
    FIRST_IDENTITY,
    Draft,
    Item,
    of_client,
    of_person,
    push,
    webhook,
)

START_US = 1_772_442_000 * SECOND_US
POINTS_EACH, WINDOW_S = 2, 3_600
ANSWERING_US = 5 * SECOND_US
"""How long people take to answer, at most."""


class Script:
    """Everything people do in one world. Between two of its `phases` a calm world comes to rest."""

    def __init__(self, seed: int, house: House) -> None:
        self._seed, self._house = seed, house
        self._dice = Random(f"script {seed}")  # noqa: S311 - reproducible, not secret
        self._now_us = START_US
        self.developers = self._dice.randint(5, 8)
        self._invitations: list[tuple[str, int, str]] = []
        opening = [*self._opt_ins(), *self._work(), *self._consents(), *self._briefs()]
        self._dice.shuffle(opening)
        closing = [*self._tickets(), *self._work(), *self._endings()]
        self.phases = [self._timed(opening), self._timed(closing)]
        self.end_us = max(item.at_us for phase in self.phases for item in phase)

    def pseudonym(self, n: int) -> str:
        """Developer n, as events name them."""
        return self._house.pseudonym(f"github:{FIRST_IDENTITY + n}")

    def _timed(self, drafts: Sequence[Draft]) -> list[Item]:
        """Give each draft its instant: mostly a little later, now and then with a jump of the clock."""
        items: list[Item] = []
        for draft in drafts:
            self._now_us += self._dice.randrange(1, 20 * SECOND_US)
            if self._dice.random() < 0.05:
                self._now_us += self._dice.choice([-1, 1]) * self._dice.randrange(5 * MINUTE_US)
            items.append(draft(self._now_us))
        return items

    # -- GitHub

    def _opt_ins(self) -> Iterator[Draft]:
        """Developer 0 invites everybody; most say yes, some no, some nothing, and for some another forges a yes."""
        for invitee in range(1, self.developers):
            invitation = self._invitation(0, invitee, f"{self._dice.getrandbits(128):032x}")
            commit = self._invitations[-1][0]
            yield invitation
            said = self._dice.choices(["Accept", "Decline", "nothing", "forged"], [16, 1, 1, 2])[0]
            if said == "forged":
                yield from self._forgeries(commit, invitee)
            elif said != "nothing":
                yield self._says(invitee, f"House-{said}: {commit}", "more work")

    def _invitation(self, inviter: int, invitee: int, house_id: str) -> Draft:
        lasts_us = self._dice.choice([HOUR_US, DAY_US, 13 * DAY_US])
        message = self._message(
            f"House-Invite: github:dev{invitee}",
            "House-Purpose: sprint-match/1",
            f"House-Id: {house_id}",
            f"House-Expires: {rfc3339(START_US + lasts_us)}",
        )
        commit = self._hash()
        self._invitations.append((commit, invitee, house_id))
        return push(inviter, invitee, [(commit, message)])

    def _forgeries(self, commit: str, invitee: int) -> Iterator[Draft]:
        """Acceptances that open nothing: without a signature, a sender, the right terms, the right person."""
        accept = f"House-Accept: {commit}"
        yield self._says(invitee, accept, forged=True)
        yield push(invitee, 0, [(self._hash(), self._message(accept))], known=False)
        yield push(invitee, 0, [(self._hash(), self._message(accept, terms="sha256:" + "0" * 64))])
        yield self._says((invitee + 1) % self.developers or 1, accept)

    def _says(self, developer: int, trailer: str, *more: str, forged: bool = False) -> Draft:
        commits = [(self._hash(), self._message(trailer)), *((self._hash(), message) for message in more)]
        return push(developer, 0, commits, forged=forged)

    def _message(self, *trailers: str, terms: str | None = None) -> str:
        common = (f"House-Terms: {terms or self._house.terms}", f"House-Origin: {self._house.origin}")
        return "\n".join(("To the House", "", *trailers, *common))

    def _hash(self) -> str:
        return sha1(self._dice.randbytes(20), usedforsecurity=False).hexdigest()

    def _work(self) -> Iterator[Draft]:
        for _ in range(self._dice.randint(3, 8)):
            sender, owner = self._dice.randrange(self.developers), self._dice.randrange(self.developers)
            if self._dice.random() < 0.5:
                starred_at = rfc3339(START_US + self._dice.randrange(DAY_US))
                yield partial(
                    webhook, "star", {"action": "created", "starred_at": starred_at}, sender, owner, 1, False
                )
            else:
                yield push(sender, owner, [(self._hash(), "Fix a bug"), (self._hash(), "Add a test")])

    # -- the gateway

    def _consents(self) -> Iterator[Draft]:
        for n in range(self.developers):
            for purpose in ("introduction", "participation"):
                if self._dice.random() < 0.3:
                    yield self._consent(n, purpose)

    def _consent(self, n: int, purpose: Purpose) -> Draft:
        developer = self.pseudonym(n)
        return lambda at_us: of_person(
            developer, f"gives {purpose}", at_us, ConsentGiven(developer, purpose, at_us)
        )

    def _briefs(self) -> Iterator[Draft]:
        for number in range(self._dice.randint(1, 2)):
            yield self._brief(uuid5("brief", str(self._seed), str(number)), f"client_{number}")
            for kind in ("copy", "copy", "image"):
                brief, client = uuid5("brief", str(self._seed), str(number)), f"client_{number}"
                creative = uuid5("creative", brief, self._hash())
                shown = (
                    CreativeAdded(brief, client, creative, "copy", "a copy", text="text")
                    if kind == "copy"
                    else CreativeAdded(
                        brief, client, creative, "image", "an image", blob="x", width_px=64, height_px=32
                    )
                )
                yield partial(of_client, client, creative, shown)

    def _brief(self, brief: str, client: str) -> Draft:
        def opened(at_us: int) -> Item:
            body = BriefOpened(
                brief, client, "Brief", "Which?", "default", 1, WINDOW_S, POINTS_EACH, opened_at_us=at_us
            )
            return of_client(client, brief, body, at_us)

        return opened

    def _tickets(self) -> Iterator[Draft]:
        """Everybody asks for a ticket, also those who may not be drawn; some think again, and the latest counts."""
        for n in range(self.developers):
            for again in range(self._dice.choice([1, 1, 2])):
                yield self._ticket(n, again, float(self._dice.randrange(4)))

    def _ticket(self, n: int, again: int, offset_h: float) -> Draft:
        developer, ticket = self.pseudonym(n), uuid5("ticket", str(self._seed), str(n), str(again))
        primary, secondary = LANES[n % 5], LANES[(n + 1) % 5]

        def requested(at_us: int) -> Item:
            until_us = at_us + 3 * HOUR_US
            body = TicketRequested(
                ticket, developer, primary, secondary, ("en",), offset_h, "default", at_us, until_us
            )
            return of_person(developer, f"wants {ticket}", at_us, body)

        return requested

    def _endings(self) -> Iterator[Draft]:
        """Opt-ins are taken back, by either side, and a House-Id is used a second time."""
        for commit, invitee, _ in self._invitations:
            if self._dice.random() < 0.06:
                yield self._says(self._dice.choice([0, invitee]), f"House-Revoke: {commit}")
        if self._dice.random() < 0.3:
            yield self._invitation(1, 2, self._invitations[0][2])

    # -- what answers to what the House did

    def _keyed(self, *key: str) -> Random:
        return Random(" ".join((str(self._seed), *key)))  # noqa: S311 - reproducible, not secret

    def withheld(self, entry: EntryRecorded, at_us: int) -> list[Item]:
        """A party wants an entry used for nothing."""
        if not entry.parties or self._keyed("withhold", entry.hash).random() > 0.1:
            return []
        developer = entry.parties[0]
        body = WithholdingRequested(developer, entry.hash, entry.parties)
        return [of_person(developer, f"withholds {entry.hash}", at_us, body)]

    def seats_taken(self, proposed: SessionProposed, at_us: int) -> list[Item]:
        """Who takes their seat, some twice, and who takes their opt-in back meanwhile; often at the same instant."""
        items: list[Item] = []
        for seat in proposed.seats:
            dice = self._keyed("seat", seat.id)
            if dice.random() < 0.1:
                items.append(self._leaves(seat.developer, at_us + dice.randrange(0, ANSWERING_US, SECOND_US)))
            for again in range(dice.choices([0, 1, 2], [2, 88, 10])[0]):
                taken_us = at_us + dice.randrange(0, ANSWERING_US, SECOND_US)
                introduce = dice.random() < 0.3
                taken = SeatAccepted(seat.id, proposed.session, seat.developer, taken_us, introduce)
                items.append(of_person(seat.developer, f"takes {seat.id} {again}", taken_us, taken))
        return items

    def regrets(self, lead: LeadQualified, at_us: int) -> list[Item]:
        """Who takes back, once it has happened, that they agreed to be introduced, or wants to be forgotten."""
        mood = self._keyed("regrets", lead.developer, lead.brief).random()
        if mood > 0.3:
            return []
        if mood < 0.1:
            theirs = [self.pseudonym(invitee) == lead.developer for _, invitee, _ in self._invitations]
            named = [known[0] for known, own in zip(self._invitations, theirs, strict=True) if own]
            erased = ErasureRequested(lead.developer, at_us, tuple(named))
            return [of_person(lead.developer, "is erased", at_us, erased)]
        body = ConsentWithdrawn(lead.developer, "introduction", at_us)
        return [of_person(lead.developer, f"regrets {lead.brief}", at_us, body)]

    def _leaves(self, developer: str, at_us: int) -> Item:
        """A developer with a seat takes their opt-in back."""
        commit, invitee, _ = next(
            (known for known in self._invitations if self.pseudonym(known[1]) == developer),
            self._invitations[0],
        )
        said = self._message(f"House-Revoke: {commit}")
        speaker = invitee if self.pseudonym(invitee) == developer else 0
        return push(speaker, 0, [(uuid5("leaves", developer, str(self._seed)) + "0" * 8, said)])(at_us)

    def tasks_done(
        self, formed: SessionFormed, creatives: Sequence[CreativeCatalogued], at_us: int
    ) -> list[Item]:
        """Who votes, who marks what, and who takes their opt-in back after all."""
        copies = [creative.creative for creative in creatives if creative.kind == "copy"]
        images = [creative.creative for creative in creatives if creative.kind == "image"]
        items: list[Item] = []
        for seat in formed.seats:
            developer, dice = seat.developer, self._keyed("tasks", seat.id)
            leaving = self._keyed("leaving", seat.id)
            if leaving.random() < 0.1:
                items.append(self._leaves(developer, at_us + leaving.randrange(2 * ANSWERING_US)))
            if copies and dice.random() < 0.9:
                cast_us = at_us + dice.randrange(0, ANSWERING_US, SECOND_US)
                vote = VoteCast(formed.session, formed.brief, developer, (dice.choice(copies),), cast_us)
                items.append(of_person(developer, f"votes {seat.id}", cast_us, vote))
            for image in images:
                for n in range(dice.choice([1, POINTS_EACH, POINTS_EACH, POINTS_EACH, 3])):
                    marked_us = at_us + dice.randrange(0, ANSWERING_US, SECOND_US)
                    x, y = dice.random(), dice.random()
                    point = PointMarked(formed.session, formed.brief, developer, image, x, y, marked_us)
                    items.append(of_person(developer, f"marks {seat.id} {image} {n}", marked_us, point))
        return items

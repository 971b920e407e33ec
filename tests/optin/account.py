"""The plainest account of who agreed to what and who did what, as a reader of the rules would keep it."""

from dataclasses import dataclass, field

from shared.domain.instants import DAY_US

HOST, GUESTS = "alice", ("bob", "carol", "dora", "emil", "fay", "gus")
EVERYBODY = (HOST, *GUESTS)


@dataclass
class Asked:
    """One invitation, and what became of it."""

    commit: str
    asked_at_us: int
    answer: str | None = None
    answered_at_us: int = 0
    accepted_at_us: int | None = None
    over: bool = False

    @property
    def stands(self) -> bool:
        return self.accepted_at_us is not None and not self.over

    def accept(self, commit: str, at_us: int) -> None:
        """Of several acceptances the first is what the opt-in rests on."""
        if self.answer is None:
            self.answer, self.answered_at_us = commit, at_us
        if at_us <= self.asked_at_us + 7 * DAY_US and not self.over and self.accepted_at_us is None:
            self.accepted_at_us = at_us


@dataclass
class Star:
    """One star of the host's repository."""

    entry: str
    received_at_us: int
    withheld: bool = False


@dataclass
class Work:
    """What one developer did in one session."""

    who: str
    session: str
    closes_at_us: int
    forgotten: bool = False


@dataclass
class Account:
    """All of it. `said` is on being introduced: when, whether, and with which session's seat."""

    asked: dict[str, list[Asked]] = field(default_factory=lambda: {guest: [] for guest in GUESTS})
    stars: dict[str, list[Star]] = field(default_factory=lambda: {guest: [] for guest in GUESTS})
    works: list[Work] = field(default_factory=list)
    said: dict[str, list[tuple[int, bool, str | None]]] = field(
        default_factory=lambda: {name: [] for name in EVERYBODY}
    )
    tickets: set[str] = field(default_factory=set)
    erased_at_us: dict[str, int] = field(default_factory=dict)

    def invitations(self, name: str) -> list[Asked]:
        """Those of somebody."""
        every = self.asked.values() if name == HOST else [self.asked[name]]
        return [one for invitations in every for one in invitations]

    def stands(self, name: str) -> bool:
        """Whether both said yes, in an opt-in of theirs that nobody has ended."""
        return any(one.stands for one in self.invitations(name))

    def standing(self, guest: str, star: Star) -> str:
        """What may be done with a star."""
        if star.withheld:
            return "withheld"
        covered = any(
            one.stands and one.accepted_at_us and one.accepted_at_us <= star.received_at_us
            for one in self.asked[guest]
        )
        return "confirmed" if covered else "recorded"

    def standings(self) -> dict[str, str]:
        """The same of every star."""
        return {star.entry: self.standing(guest, star) for guest in GUESTS for star in self.stars[guest]}

    def seatable(self) -> set[str]:
        """Who may be seated: they stand, and wish to be."""
        return {name for name in EVERYBODY if self.stands(name)} & self.tickets

    def sessions(self, name: str, now_us: int) -> list[str]:
        """Those that are over in which somebody did something since they were last erased."""
        mine = (work for work in self.works if work.who == name and not work.forgotten)
        return [work.session for work in mine if work.closes_at_us < now_us]

    def counted(self, now_us: int) -> dict[str, int]:
        """How many of each developer's ballots, and points, are in the brief's result."""
        return {n: len(self.sessions(n, now_us)) if self.stands(n) else 0 for n in EVERYBODY}

    def leads(self, now_us: int) -> set[str]:
        """Who did something, agreed last, and stands."""
        return {name for name in EVERYBODY if self.stands(name) and self._introduced(name, now_us)}

    def _introduced(self, name: str, now_us: int) -> bool:
        sessions = self.sessions(name, now_us)
        heard = [(at_us, agreed) for at_us, agreed, s in self.said[name] if s is None or s in sessions]
        return bool(sessions) and bool(heard) and max(heard)[1]

    def opt_ins(self) -> list[Asked]:
        """What the ledger may take in of opt-ins. Whoever was ever erased has no name there any more."""
        named = [guest for guest in GUESTS if not {HOST, guest} & self.erased_at_us.keys()]
        return [one for guest in named for one in self.asked[guest] if one.stands]

    def forget(self, name: str, at_us: int) -> None:
        """Nothing of theirs is left."""
        self.erased_at_us[name] = at_us
        for one in self.invitations(name):
            one.over = True
        for work in self.works:
            work.forgotten |= work.who == name
        self.said[name].clear()
        self.tickets.discard(name)

"""Whether something may be used: the one place to ask, at the moment of use.

`Standing` answers for an entry between one or two developers, `OptIns` for everything that one developer does. Both are
kept by whoever uses something, from the events of the topic `optins`; neither is asked in advance.
"""

from msgspec import Struct
from msgspec.structs import replace

OPT_INS_MAX = 1_000
"""Opt-ins of one developer kept in force, and as many that ended; of the ended, the earliest goes first."""


class Span(Struct, frozen=True, omit_defaults=True):
    """A stretch of time in which entries between two parties may be used, and its basis."""

    basis: str
    from_us: int
    to_us: int | None = None


class Standing(Struct, frozen=True, omit_defaults=True):
    """The state of `optin/<a>~<b>`: when entries between the two may be used, and which may not.

    `permits` is the one place to ask, at the moment of use; EntryConfirmed only announces it. `words` holds the last
    word of each party on each entry: the instant at which they withheld it, or released it (below zero).
    """

    parties: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    words: dict[str, dict[str, int]] = {}

    def covers(self, received_at_us: int) -> bool:
        """Whether a basis that is open now covers what was received then."""
        return any(span.to_us is None and span.from_us <= received_at_us for span in self.spans)

    def withholds(self, entry: str) -> bool:
        """Whether a party withholds the entry."""
        return any(at_us > 0 for at_us in self.words.get(entry, {}).values())

    @property
    def withheld(self) -> frozenset[str]:
        """All entries that a party withholds."""
        return frozenset(filter(self.withholds, self.words))

    def permits(self, entry: str, received_at_us: int) -> bool:
        """Whether the entry, received at that instant, may be used now: it is covered and nobody withholds it."""
        return self.covers(received_at_us) and not self.withholds(entry)

    @property
    def open(self) -> bool:
        """Whether any basis is open."""
        return any(span.to_us is None for span in self.spans)


class OptIns(Struct, frozen=True, omit_defaults=True):
    """One developer's opt-ins, as everybody keeps them who uses something of theirs: the one place to ask.

    `in_force` are invitations that both parties said yes to; `ended` when others did, so that one that is heard
    of late stays ended. Of whoever was erased, nothing from until `erased_at_us` may be used, though they come back.
    """

    in_force: frozenset[str] = frozenset()
    ended: dict[str, int] = {}
    erased_at_us: int = 0

    @property
    def stands(self) -> bool:
        """Whether anything of the developer may be used now: an opt-in is in force."""
        return bool(self.in_force)

    def forgets(self, at_us: int) -> bool:
        """Whether what the developer did or said then is from before they were erased."""
        return self.erased_at_us > 0 and at_us <= self.erased_at_us

    def erased(self, at_us: int) -> "OptIns":
        """Once the developer was erased then. Their opt-ins end by themselves."""
        return replace(self, erased_at_us=max(self.erased_at_us, at_us))

    def knows(self, invitation: str) -> bool:
        """Whether it was in force or has ended."""
        return invitation in self.in_force or invitation in self.ended

    def gained(self, invitation: str) -> "OptIns":
        """With one more in force, unless it has ended or there are too many."""
        if self.knows(invitation) or len(self.in_force) >= OPT_INS_MAX:
            return self
        return replace(self, in_force=self.in_force | {invitation})

    def lost(self, invitation: str, at_us: int) -> "OptIns":
        """With one that has ended, at the earliest instant heard of."""
        if self.ended.get(invitation, at_us + 1) <= at_us:
            return self
        ended = sorted({**self.ended, invitation: at_us}.items(), key=lambda end: (end[1], end[0]))
        return replace(self, in_force=self.in_force - {invitation}, ended=dict(ended[-OPT_INS_MAX:]))

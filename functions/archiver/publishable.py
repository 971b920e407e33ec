"""Publishable: what the archive's segments say may be new in the public ledger, and which of it may be published now.

A segment only names candidates. Whether one is confirmed and not withheld, confirmed and not revoked, is asked of
its standing at the moment of the checkpoint, so it does not matter in which order facts arrived before.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct

from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_facts, public_facts, raw_commit
from shared.domain.event import Recorded, decode
from shared.domain.git_objects import named
from shared.domain.grades import weaker
from shared.domain.identity import subject
from shared.domain.optin_commit import OptInFacts
from shared.domain.optins import (
    EntryConfirmed,
    EntryReleased,
    Invitation,
    OptInConfirmed,
    StandingOpened,
    pair_stream,
)
from shared.domain.standing import Standing
from shared.ports.seals import Seals
from shared.ports.views import Views

SCANNED_MAX = 100_000
"""Entries of one developer looked at because a standing was opened; older ones stay unpublished."""
PAGE = 500
S = TypeVar("S", bound=Struct)


class Candidates:
    """What the events of some segments name. The entries among them are at hand, so that few are looked up."""

    def __init__(self) -> None:
        self.recorded: dict[str, EntryRecorded] = {}
        self.entries: dict[str, None] = {}
        self.opened: dict[str, StandingOpened] = {}
        self.invitations: dict[str, None] = {}

    def take(self, events: Iterable[Recorded]) -> None:
        """What these events name, too."""
        for event in events:
            if event.function not in ("eventlog", "optin"):
                continue
            match decode(event.type, event.data):
                case EntryRecorded() as entry:
                    self.recorded[entry.hash] = entry
                case EntryConfirmed(entry=name) | EntryReleased(entry=name):
                    self.entries[name] = None
                case StandingOpened(parties=parties, from_us=from_us) as opening:
                    # Of several openings of one pair, the one that reaches back furthest covers all of them.
                    known = self.opened.get(pair_stream(parties))
                    if known is None or from_us < known.from_us:
                        self.opened[pair_stream(parties)] = opening
                case OptInConfirmed(invitation=commit):
                    self.invitations[commit] = None
                case _:
                    pass


class Leaf(Struct, frozen=True, order=True):
    """One entry or opt-in of the ledger: since when it is a fact, its rank (an opt-in comes after its entries)."""

    at_us: int
    rank: int
    name: str
    raw: bytes


class Publishable:
    """Judges candidates, each standing looked up once. It lives for one checkpoint."""

    def __init__(self, views: Views, seals: Seals) -> None:
        self._views, self._seals = views, seals
        self._standings: dict[str, Standing] = {}

    def leaves(self, candidates: Candidates) -> list[Leaf]:
        """What may be published of the candidates, in the ledger's order: by time, then by name."""
        found: dict[str, Leaf] = {}
        for entry in self._entries(candidates):
            if self._may_be_used(entry):
                found[entry.hash] = _leaf(entry)
        for commit in candidates.invitations:
            found |= {leaf.name: leaf for leaf in self._opt_in(commit, candidates)}
        return sorted(found.values())

    def _entries(self, candidates: Candidates) -> Iterator[EntryRecorded]:
        for name in candidates.entries:
            entry = self._entry(name, candidates)
            if entry is not None:
                yield entry
        for opening in candidates.opened.values():
            yield from self._between(opening)

    def _between(self, opening: StandingOpened) -> Iterator[EntryRecorded]:
        """The entries of a pair since an instant, recorded perhaps before their standing was opened."""
        tag, before = f"party:{opening.parties[0]}", None
        for _ in range(SCANNED_MAX // PAGE):
            page = self._views.states("eventlog", tag, before, PAGE)
            for view in page:
                # Recorded before then, so received before then, like all that follow.
                if view.recorded_us < opening.from_us:
                    return
                if view.stream.startswith("entry/"):
                    entry = msgspec.json.decode(view.state, type=EntryRecorded)
                    if entry.parties == tuple(sorted(set(opening.parties))):
                        yield entry
            if len(page) < PAGE:
                return
            before = page[-1].cursor

    def _opt_in(self, commit: str, candidates: Candidates) -> list[Leaf]:
        """The opt-in and the two entries that it is of, when it is confirmed and neither of them is withheld."""
        state = self._state("optin", f"invitation/{commit}", Invitation)
        if state is None or state.status != "confirmed" or not (state.invited and state.confirmed):
            return []
        response = state.responded
        entries = [self._entry(said.entry, candidates) for said in (state.invited, response) if said]
        both = [entry for entry in entries if entry is not None and not self._is_withheld(entry)]
        if response is None or len(both) != 2 or not all(map(_is_readable, both)):
            return []
        inviter, invitee = map(self._subject, state.confirmed.parties)
        if inviter is None or invitee is None:
            return []
        raw = OptInFacts(
            invitation=state.invited.entry,
            response=response.entry,
            purpose=state.confirmed.purpose,
            terms=state.confirmed.terms,
            grade=weaker(both[0].grade, both[1].grade),
            inviter=inviter,
            invitee=invitee,
            invited_at_us=state.invited.received_at_us,
            responded_at_us=response.received_at_us,
            confirmed_at_us=state.confirmed.confirmed_at_us,
        ).raw
        opt_in = Leaf(state.confirmed.confirmed_at_us, 1, named("commit", raw), raw)
        return [*(_leaf(entry) for entry in both), opt_in]

    def _subject(self, developer: str) -> str | None:
        """The developer's name in the ledger; who is erased has none any more."""
        salt = self._seals.salt(developer)
        return None if salt is None else subject(salt, developer)

    def _may_be_used(self, entry: EntryRecorded) -> bool:
        if not entry.parties or not _is_readable(entry):
            return False
        return self._standing(entry).permits(entry.hash, entry.received_at_us)

    def _is_withheld(self, entry: EntryRecorded) -> bool:
        return bool(entry.parties) and self._standing(entry).withholds(entry.hash)

    def _standing(self, entry: EntryRecorded) -> Standing:
        stream = pair_stream(entry.parties)
        if stream not in self._standings:
            self._standings[stream] = self._state("optin", stream, Standing) or Standing()
        return self._standings[stream]

    def _entry(self, name: str, candidates: Candidates) -> EntryRecorded | None:
        return candidates.recorded.get(name) or self._state("eventlog", f"entry/{name}", EntryRecorded)

    def _state(self, function: str, stream: str, kind: type[S]) -> S | None:
        view = self._views.state(function, stream)
        return None if view is None else msgspec.json.decode(view.state, type=kind)


def _is_readable(entry: EntryRecorded) -> bool:
    """Whether a verifier reads the entry's facts from its commit: a kind that somebody made up may have lines of its
    own, and would say what is not so.
    """
    facts = public_facts(entry)
    try:
        return entry_facts(facts.raw) == facts
    except ValueError:
        return False


def _leaf(entry: EntryRecorded) -> Leaf:
    return Leaf(entry.received_at_us, 0, entry.hash, raw_commit(entry))

"""Entries as their readers see them: found newest first, with their standing, within a stated amount of work."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from functions.gateway import sight
from functions.gateway.answers import log as answers
from functions.gateway.auth import Caller
from functions.gateway.queries import EntriesQuery
from shared.domain.entries import EntryRecorded, sentence
from shared.domain.instants import rfc3339
from shared.domain.optins import Invitation, pair_stream
from shared.domain.standing import Standing
from shared.ports.store import View
from shared.runtime.edge import Edge

SCANNED_MAX = 5_000
"""Entries looked at for one page; `next` continues where it stopped, even when nothing was found."""
COPIES_MAX = 500
"""Entries about one commit that are told, or withheld, together."""
_CHUNK = 500
_PREFIX = "entry/"
_decode = msgspec.json.Decoder(EntryRecorded).decode


class Found(Struct, frozen=True):
    """One entry with its place in the list and its journey."""

    entry: EntryRecorded
    cursor: int
    correlation: str


class Page(Struct, frozen=True):
    """Entries, newest first. `following` is the place to continue from, None at the end."""

    found: tuple[Found, ...]
    following: int | None


def page(edge: Edge, caller: Caller, query: EntriesQuery) -> Page:
    """The entries that the query asks for and the caller may see."""
    party = caller.subject if caller.role == "developer" else query.party
    tag = f"party:{party}" if party else f"kind:{query.kind}" if query.kind else None
    found: list[Found] = []
    place = query.after
    for view in _scan(edge, tag, query.after):
        if query.since is not None and view.recorded_us < query.since:
            # Recorded before then, so received before then, like all that follow.
            return Page(tuple(found), None)
        place = view.cursor
        # The event log's dead letters are among its streams.
        if view.stream.startswith(_PREFIX):
            entry = _decode(view.state)
            if sight.entry(caller, entry) and _asked_for(entry, query):
                found.append(Found(edge.opened(entry), view.cursor, view.correlation))
        if len(found) == query.limit:
            return Page(tuple(found), place)
    return Page(tuple(found), None if place is None or _at_end(edge, tag, place) else place)


def _scan(edge: Edge, tag: str | None, before: int | None) -> Iterator[View]:
    for _ in range(SCANNED_MAX // _CHUNK):
        chunk = edge.states("eventlog", msgspec.Raw, tag, before, _CHUNK)
        for view, _ in chunk:
            yield view
        if len(chunk) < _CHUNK:
            return
        before = chunk[-1][0].cursor


def _at_end(edge: Edge, tag: str | None, before: int) -> bool:
    return not edge.states("eventlog", msgspec.Raw, tag, before, 1)


def _asked_for(entry: EntryRecorded, query: EntriesQuery) -> bool:
    return (
        (query.kind is None or entry.kind == query.kind)
        and (query.party is None or query.party in entry.parties)
        and (query.since is None or entry.received_at_us >= query.since)
    )


def about(edge: Edge, caller: Caller, name: str) -> list[Found]:
    """The entry with this hash, or else all about the commit with it, the newest first, that the caller may see.

    A commit is in several where it was pushed to several places, or sent by itself.
    """
    entry = edge.state("eventlog", _PREFIX + name, EntryRecorded)
    if entry is not None and sight.entry(caller, entry):
        # A stream's first event carries the correlation id.
        recorded = edge.read(_PREFIX + name, 0, 1)
        return [Found(edge.opened(entry), 0, recorded[0].correlation)]
    found: list[Found] = []
    for view in _scan(edge, f"anchor:{name}", None):
        one = _found(view)
        if sight.entry(caller, one.entry):
            found.append(Found(edge.opened(one.entry), one.cursor, one.correlation))
        if len(found) == COPIES_MAX:
            break
    return found


def _found(view: View) -> Found:
    return Found(_decode(view.state), view.cursor, view.correlation)


class Standings:
    """The standing of entries; each pair of parties, and each invitation, is looked up once."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._known: dict[str, Standing | None] = {}
        self._invitations: dict[str, Invitation | None] = {}

    def of(self, entry: EntryRecorded) -> answers.Standing:
        """Whether the entry is withheld, confirmed, or only recorded."""
        standing = self._standing(entry)
        if standing is None:
            return "recorded"
        if standing.withholds(entry.hash):
            return "withheld"
        return "confirmed" if standing.permits(entry.hash, entry.received_at_us) else "recorded"

    def bases(self, entry: EntryRecorded) -> tuple[str, ...]:
        """What permits to use the entry now: opt-ins by their invitations, or the developer's own participation."""
        standing = self._standing(entry)
        if standing is None or not standing.permits(entry.hash, entry.received_at_us):
            return ()
        covering = (s for s in standing.spans if s.to_us is None and s.from_us <= entry.received_at_us)
        return tuple(dict.fromkeys(span.basis for span in covering))

    def _standing(self, entry: EntryRecorded) -> Standing | None:
        if not entry.parties:
            return None
        stream = pair_stream(entry.parties)
        if stream not in self._known:
            self._known[stream] = self._edge.state("optin", stream, Standing)
        return self._known[stream]

    def refusal(self, entry: EntryRecorded) -> str | None:
        """Why what the commit tells the House counts for nothing: by itself, or beside the invitation it is about."""
        if entry.refusal or entry.invitation is None:
            return entry.refusal
        if entry.invitation not in self._invitations:
            stream = f"invitation/{entry.invitation}"
            self._invitations[entry.invitation] = self._edge.state("optin", stream, Invitation)
        known = self._invitations[entry.invitation]
        return known.refusal_of(entry.hash) if known else None


def shown(found: Found, standings: Standings) -> answers.Entry:
    """The entry as it is answered."""
    entry = found.entry
    return answers.Entry(
        hash=entry.hash,
        kind=entry.kind,
        action=entry.action,
        sentence=sentence(entry),
        actor=entry.actor,
        owner=entry.owner,
        repository=entry.repository,
        ref=entry.ref,
        anchor=entry.anchor,
        parent=entry.parent,
        added=entry.added,
        removed=entry.removed,
        modified=entry.modified,
        committed_at=None if entry.committed_at_us is None else rfc3339(entry.committed_at_us),
        received_at=rfc3339(entry.received_at_us),
        forced=entry.forced,
        deleted=entry.deleted,
        tag=entry.tag,
        refusal=standings.refusal(entry),
        standing=standings.of(entry),
        correlationid=found.correlation,
        delivery=entry.delivery,
    )

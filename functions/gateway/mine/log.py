"""A developer's entries and opt-ins, with the delivery or commit that each rests on."""

from functions.gateway import entries, sight
from functions.gateway.auth import Caller
from functions.gateway.mine.rows import Rows, after_views, at_or_none
from functions.gateway.my_answers import MyEntry, MyOptIn, RestsOn
from functions.gateway.queries import EntriesQuery
from shared.domain.entries import EntryRecorded, sentence
from shared.domain.instants import rfc3339
from shared.domain.optins import PARTICIPATION, PURPOSE, Invitation, Invited, Responded
from shared.ports.store import View
from shared.runtime.edge import Edge


def entries_of(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Entries that the developer is a party of, newest first."""
    page = entries.page(edge, who, EntriesQuery.model_construct(after=after, limit=limit))
    standings = entries.Standings(edge)
    return Rows([_entry(found, standings) for found in page.found], page.following)


def _entry(found: entries.Found, standings: entries.Standings) -> MyEntry:
    entry, bases = found.entry, standings.bases(found.entry)
    purpose = None
    if bases:
        purpose = PARTICIPATION if bases == (PARTICIPATION,) else PURPOSE
    return MyEntry(
        hash=entry.hash,
        kind=entry.kind,
        sentence=sentence(entry),
        repository=entry.repository,
        ref=entry.ref,
        received_at=rfc3339(entry.received_at_us),
        standing=standings.of(entry),
        purpose=purpose,
        bases=list(bases),
        refusal=standings.refusal(entry),
        evidence=_of_entry(entry, found.correlation),
    )


def _of_entry(entry: EntryRecorded, correlation: str | None) -> RestsOn:
    return RestsOn(
        grade=entry.grade,
        fingerprint=entry.fingerprint,
        commit=entry.anchor,
        delivery=entry.delivery,
        entry=entry.hash,
        journey=correlation,
    )


def opt_ins(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Invitations that the developer made, answered, or was named in by number, newest first."""
    found, views = sight.invitations(edge, who, after, limit)
    return Rows([_opt_in(edge, who.subject, *each) for each in found], after_views(views, limit))


def _opt_in(edge: Edge, me: str, view: View, state: Invitation) -> MyOptIn:
    invited, responded, revoked = state.invited, state.responded, state.revoked
    inviting = invited is not None and invited.inviter == me
    others = [
        party for party in (*state.parties, invited.invitee if invited else None) if party and party != me
    ]
    return MyOptIn(
        invitation=view.stream.partition("/")[2],
        status=state.status,
        part="inviter" if inviting else "invitee",
        other=others[0] if others else None,
        other_login=None if invited is None else invited.invitee_login if inviting else invited.inviter_login,
        purpose=invited.purpose if invited else None,
        terms=invited.terms if invited else responded.terms if responded else None,
        invited_at=at_or_none(invited.received_at_us if invited else None),
        expires_at=at_or_none(state.expires_at_us),
        confirmed_at=at_or_none(state.confirmed_at_us),
        ended_at=at_or_none(revoked.revoked_at_us if revoked else None),
        reason=state.reason,
        evidence=_said(edge, invited) if invited else RestsOn(),
        response=_said(edge, responded) if responded else None,
    )


def _said(edge: Edge, said: Invited | Responded) -> RestsOn:
    """The commit, and how it came here."""
    entry = edge.state("eventlog", f"entry/{said.entry}", EntryRecorded)
    return RestsOn(
        grade=said.grade,
        fingerprint=said.fingerprint,
        commit=said.invitation if isinstance(said, Invited) else said.response,
        delivery=entry.delivery if entry else None,
        entry=said.entry,
    )

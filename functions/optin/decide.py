"""Opt-in: two commits that name each other become a double opt-in (DESIGN section 5).

Reads EntryRecorded, WithholdingRequested, OptInWithdrawn, ErasureRequested, its own IdClaimed and IdRefused, and Due.
Emits Invited, Responded, InvitationAdmitted, StatementRefused, StatementWithheld, WithdrawalNoted, OptInConfirmed,
OptInDeclined, OptInExpired, OptInRevoked. Stream: invitation/<commit hash>. The invitation's House-Id must be its
own: see house_id.py; whose answers count says answers.py, and what they amount to verdict.py.

An input first becomes a fact (Invited, Responded, InvitationAdmitted, StatementWithheld, WithdrawalNoted), if it is
one, or else a refusal that names the reason; what the facts together amount to is then announced. The verdict depends
on the facts' receipt times, not on the order in which they were handled, so an announcement is corrected when a fact
arrives late: a confirmation by its revocation.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from functions.optin import answers, spoken
from functions.optin.copies import is_proven, merged
from functions.optin.verdict import verdict
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event, Input
from shared.domain.optins import (
    IdClaimed,
    IdRefused,
    Invitation,
    InvitationAdmitted,
    Invited,
    OptInConfirmed,
    OptInDeclined,
    OptInExpired,
    OptInRevoked,
    Responded,
    StatementRefused,
    StatementWithheld,
    WithdrawalNoted,
)
from shared.domain.requests import ErasureRequested, OptInWithdrawn, WithholdingRequested
from shared.runtime.shapes import Decider, Fold

REFUSED_MAX = 64
"""Refusals kept of one invitation; of more, the reason is not told."""
WITHHELD_MAX = 64
"""Withheld statements kept of one invitation. There is room beyond for those that it may rest on, whoever fills it."""

WITHDRAWN_MAX = 16
"""Developers of whom it is kept that they took one invitation back. There is room beyond for those who speak in it."""

_LATER = "another account pushed it first"
_SIGNED = "another developer signed it"


def _streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case EntryRecorded(invitation=str() as commit):
            return (f"invitation/{commit}",)
        case (
            WithholdingRequested(invitation=str() as commit)
            | OptInWithdrawn(invitation=commit)
            | IdClaimed(invitation=commit)
            | IdRefused(invitation=commit)
        ):
            return (f"invitation/{commit}",)
        case ErasureRequested(invitations=commits):
            return tuple(f"invitation/{commit}" for commit in commits)
        case _:
            return ()


# -- facts


def _told(state: Invitation, arrived: Input) -> list[Event]:
    """The input as a fact that changes the state, as a refusal of what was said, or nothing new."""
    match arrived.body:
        case EntryRecorded(trailers={"House-Invite": _}) as entry:
            return _inviting(state, entry, spoken.invitation(entry, arrived.house))
        case EntryRecorded() as entry:
            return _answering(state, spoken.answer(entry, arrived.house))
        case WithholdingRequested(invitation=str() as commit) as asked:
            by_party = asked.developer in asked.parties
            room = len(state.withheld) < WITHHELD_MAX or asked.entry in _statements(state)
            if not by_party or asked.entry in state.withheld or not room:
                return []
            return [StatementWithheld(commit, asked.entry, asked.developer, arrived.time_us)]
        case OptInWithdrawn(developer=by, invitation=commit):
            return _withdrawn(state, commit, by, arrived.time_us)
        case ErasureRequested(developer=by):
            # It names only what somebody has said something of.
            said: list[Invited | Responded] = [*([state.invited] if state.invited else []), *state.answers]
            return _withdrawn(state, said[0].invitation, by, arrived.time_us) if said else []
        case IdClaimed(invitation=commit):
            return [] if state.admitted else [InvitationAdmitted(commit)]
        case IdRefused(invitation=commit):
            inviting = state.invited.entry if state.invited else None
            return [OptInDeclined(commit, None, "its House-Id belongs to another invitation", inviting)]
        case _:
            return []


def _statements(state: Invitation) -> set[str | None]:
    """The entries of what is kept of the invitation and its answers."""
    said = (state.invited, *state.answers)
    return {entry for one in said if one for entry in (one.entry, one.proof)}


def _withdrawn(state: Invitation, commit: str, by: str, at_us: int) -> list[Event]:
    """Of each developer the earliest word counts."""
    known_us = state.withdrawn.get(by)
    invitee = state.invited.invitee if state.invited else None
    room = known_us is not None or len(state.withdrawn) < WITHDRAWN_MAX or by in (*state.parties, invitee)
    earlier = known_us is None or at_us < known_us
    return [WithdrawalNoted(commit, by, at_us)] if room and earlier else []


def _inviting(
    state: Invitation, entry: EntryRecorded, said: Invited | OptInDeclined | StatementRefused
) -> list[Event]:
    match said:
        case Invited():
            return _invited(state, said)
        case OptInDeclined() if state.invited is None:
            known = said == state.declined or said.entry in state.refused
            return [] if known else [said]
        case OptInDeclined():
            # A copy pushed by somebody else, even the invitee, may fail; it spoils no sound invitation.
            return _refused(state, StatementRefused(said.invitation, entry.hash, said.reason))
        case StatementRefused():
            return _refused(state, said)
        case _:
            assert_never(said)


def _invited(state: Invitation, copy: Invited) -> list[Event]:
    """The first copy, or a better one. An account's own copies are one; of two accounts' one counts."""
    known = state.invited
    if known is not None and copy.inviter == known.inviter:
        both = merged(known, copy)
        return [both] if both != known else []
    if known is None or _takes_over(state, known, copy):
        return [copy]
    return _refused(state, StatementRefused(copy.invitation, copy.entry, _lost(copy, known)))


def _answering(state: Invitation, said: Responded | StatementRefused) -> list[Event]:
    if isinstance(said, StatementRefused):
        return _refused(state, said)
    if said in state.answers:
        return []
    # What is new is the answer itself, or what its copies together make of it.
    for one in answers.kept(state.invited, (*state.answers, said)):
        if one not in state.answers:
            return [one]
    return _idle(state, (said,))


def _takes_over(state: Invitation, known: Invited, copy: Invited) -> bool:
    """Whether another account's copy is the one that counts: the earliest, unless one is signed, or it is confirmed."""
    if state.confirmed:
        return False
    if is_proven(copy) != is_proven(known):
        # Whoever signed it said it; whoever pushed it, or has GitHub show the key, may only have carried it.
        return is_proven(copy)
    return (copy.received_at_us, copy.entry) < (known.received_at_us, known.entry)


def _lost(copy: Invited, to: Invited) -> str:
    """Why the one copy gave way to another account's."""
    return _LATER if is_proven(copy) == is_proven(to) else _SIGNED


def _told_of(state: Invitation, given: Sequence[Responded]) -> Invitation:
    """The state with the answers given; one that turns out to count is refused no more."""
    kept = answers.kept(state.invited, given)
    count = {one.entry for one in answers.counting(state.invited, kept)} if state.invited else set()
    refused = {entry: reason for entry, reason in state.refused.items() if entry not in count}
    return replace(state, answers=kept, refused=refused)


def _until_now(state: Invitation) -> dict[str, str]:
    """What is refused when the announcement that named the reason gives way to another one."""
    declined = state.declined
    if declined is None or declined.entry is None or len(state.refused) >= REFUSED_MAX:
        return state.refused
    return {**state.refused, declined.entry: declined.reason}


def _with_later(state: Invitation, invited: Invited) -> dict[str, str]:
    """What is refused when another account's copy was received before the one known until now."""
    known, refused = state.invited, _until_now(state)
    if known is None or known.inviter == invited.inviter or len(refused) >= REFUSED_MAX:
        return refused
    return {**refused, known.entry: _lost(known, invited)}


def _refused(state: Invitation, said: StatementRefused) -> list[Event]:
    return [said] if said.entry not in state.refused and len(state.refused) < REFUSED_MAX else []


def _idle(state: Invitation, given: Sequence[Responded], *, over: bool = False) -> list[Event]:
    """Why each of the answers given counts for nothing. A no of somebody unknown waits to be known until it is over."""
    invited = state.invited
    if invited is None:
        return []
    account = answers.invitee(invited, (*state.answers, *given))
    events: list[Event] = []
    for one in given:
        reason = answers.refusal(invited, account, one)
        if reason and (account or over or one.answer == "accept"):
            refused = StatementRefused(invited.invitation, one.entry, reason)
            events += _refused(_after(state, events), refused)
    return events


# -- the deciders


def _after(state: Invitation, events: Sequence[Event]) -> Invitation:
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Invitation, event: Event) -> Invitation:
    """Keep facts and announcements."""
    match event:
        case Invited():
            status = state.status if state.confirmed else "invited"
            refused = _with_later(state, event)
            return _told_of(
                replace(state, status=status, invited=event, declined=None, refused=refused), state.answers
            )
        case Responded():
            status = "responded" if state.status == "unknown" else state.status
            return _told_of(replace(state, status=status), (*state.answers, event))
        case InvitationAdmitted():
            return replace(state, admitted=True)
        case StatementRefused(entry=entry, reason=reason):
            return replace(state, refused={**state.refused, entry: reason})
        case StatementWithheld(entry=entry):
            return replace(state, withheld={**state.withheld, entry: event})
        case WithdrawalNoted(by=by, withdrawn_at_us=at_us):
            return replace(state, withdrawn={**state.withdrawn, by: at_us})
        case OptInConfirmed():
            same = state.confirmed is None or state.confirmed.parties == event.parties
            revoked = state.revoked if same else None
            status = "revoked" if revoked else "confirmed"
            return replace(
                state,
                status=status,
                confirmed=event,
                declined=None,
                revoked=revoked,
                refused=_until_now(state),
            )
        case OptInDeclined():
            refused = _until_now(state)
            return replace(
                state, status="declined", declined=event, confirmed=None, revoked=None, refused=refused
            )
        case OptInExpired():
            return replace(state, status="expired")
        case OptInRevoked():
            return replace(state, status="revoked", revoked=event)
        case _:
            raise AssertionError(f"{event} is no event of an invitation")


def decide(state: Invitation, arrived: Input) -> list[Event]:
    """Take the input as a fact, or say why it is none, then announce what is new."""
    if isinstance(arrived.body, Due):
        return _expiry(state, arrived.body.due_at_us)
    told = _told(state, arrived)
    if not told or isinstance(told[0], StatementRefused):
        return told
    after = _after(state, told)
    told += _idle(after, tuple(dict.fromkeys((*state.answers, *after.answers))))
    return [*told, *verdict(after, _after)]


def _expiry(state: Invitation, due_at_us: int) -> list[Event]:
    at_us = due(state)
    if at_us is None or at_us > due_at_us or not (state.invited or state.answers):
        return []
    commit = state.invited.invitation if state.invited else state.answers[0].invitation
    expired = OptInExpired(commit, at_us)
    return [expired, *_idle(state, state.answers, over=True)]


def due(state: Invitation) -> int | None:
    """An invitation without its response, or a response without its invitation, ends."""
    return state.expires_at_us if state.status in ("invited", "responded") else None


def tags(state: Invitation) -> frozenset[str]:
    """Found by who has spoken, by whom it is to where that is given, and by status."""
    invited = {state.invited.invitee} if state.invited and state.invited.invitee else set()
    return frozenset({*(f"party:{one}" for one in {*state.parties, *invited}), f"status:{state.status}"})


INVITATION = Decider(
    Fold("invitation", Invitation, Invitation(), evolve, due, tags),
    (EntryRecorded, WithholdingRequested, OptInWithdrawn, ErasureRequested, IdClaimed, IdRefused, Due),
    _streams,
    decide,
)

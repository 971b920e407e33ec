"""Opt-in: two commits that name each other become a double opt-in (DESIGN section 5).

Reads EntryRecorded, its own IdClaimed and IdRefused, and Due.
Emits Invited, Responded, InvitationAdmitted, OptInConfirmed, OptInDeclined, OptInExpired, OptInRevoked.
Stream: invitation/<commit hash>. The invitation's House-Id must be its own: see house_id.py.

An input first becomes a fact (Invited, Responded, InvitationAdmitted), if it is one; what the facts together
amount to is then announced. The verdict depends on the facts' receipt times, not on the order in which they
were handled, so an announcement is corrected when a fact arrives late: a confirmation by its revocation.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from functions.optin import spoken
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event, Input
from shared.domain.optins import (
    INVITATION_US_MAX,
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
)
from shared.runtime.shapes import Decider, Fold

ANSWERS_MAX = 16
"""Answers kept while the invitation is unknown; afterwards only those of the two parties are."""


def _streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case EntryRecorded(trailers=trailers, anchor=anchor) if trailers:
            commit = anchor if "House-Invite" in trailers else spoken.named(trailers)
            return (f"invitation/{commit}",) if commit else ()
        case IdClaimed(invitation=commit) | IdRefused(invitation=commit):
            return (f"invitation/{commit}",)
        case _:
            return ()


# -- facts


def _fact(state: Invitation, arrived: Input) -> Event | None:
    """The input as a fact that changes the state, or None."""
    match arrived.body:
        case EntryRecorded(trailers={"House-Invite": _}) as entry:
            said = spoken.invitation(entry, arrived.house)
            if isinstance(said, OptInDeclined):
                # A copy pushed by somebody else, even the invitee, may fail; it spoils no sound invitation.
                return said if state.invited is None and state.declined != said else None
            return said if said and _comes_first(state, said) else None
        case EntryRecorded() as entry:
            given = spoken.answer(entry, arrived.house)
            return given if given and given in _keep(state.invited, (*state.answers, given)) else None
        case IdClaimed(invitation=commit):
            return None if state.admitted else InvitationAdmitted(commit)
        case IdRefused(invitation=commit):
            return OptInDeclined(commit, None, "its House-Id belongs to another invitation")
        case _:
            return None


def _comes_first(state: Invitation, copy: Invited) -> bool:
    """Whether this copy of the commit is the one that counts: the earliest, unless another's is confirmed."""
    known = state.invited
    if known is None:
        return True
    if copy.inviter != known.inviter and state.confirmed:
        return False
    return (copy.received_at_us, copy.entry) < (known.received_at_us, known.entry)


def _keep(invited: Invited | None, answers: Sequence[Responded]) -> tuple[Responded, ...]:
    """Of each speaker the earliest answer of each kind, in order of receipt; once known, only the parties'."""
    earliest: dict[tuple[str, str, str | None], Responded] = {}
    for answer in sorted(answers, key=lambda a: (a.received_at_us, a.entry)):
        earliest.setdefault((answer.responder, answer.answer, answer.refusal), answer)
    kept = earliest.values()
    if invited is None:
        return tuple(kept)[:ANSWERS_MAX]
    invitees = {answer.responder for answer in kept if _is_invitee(invited, answer)}
    return tuple(answer for answer in kept if _counts(invited, invitees, answer))


def _is_invitee(invited: Invited, answer: Responded) -> bool:
    named = answer.responder_login.casefold() == invited.invitee_login.casefold()
    return named and answer.responder != invited.inviter


def _counts(invited: Invited, invitees: set[str], answer: Responded) -> bool:
    """Whether a party says it, and an acceptance in time."""
    if answer.answer == "accept":
        earliest_us = invited.received_at_us - INVITATION_US_MAX
        return _is_invitee(invited, answer) and earliest_us <= answer.received_at_us <= invited.expires_at_us
    if answer.responder == invited.inviter:
        return answer.answer == "revoke"
    return answer.responder in invitees


# -- the verdict


def _verdict(state: Invitation) -> list[Event]:
    """What the facts amount to and has not been announced."""
    invited = state.invited
    if invited is None or not state.admitted:
        return []
    accepts = [answer for answer in state.answers if answer.answer == "accept"]
    sound = next((answer for answer in accepts if not _flaw(invited, answer)), None)
    end = next((answer for answer in state.answers if answer.answer != "accept"), None)
    from_us = max(invited.received_at_us, sound.received_at_us) if sound else None
    if end and (from_us is None or end.received_at_us <= from_us):
        said = "declined by the invitee" if end.responder != invited.inviter else "withdrawn by the inviter"
        return [*_revocation(state, end), *_refusal(state, end, said)]
    if sound and from_us is not None:
        confirmed = _confirmation(state, invited, sound, from_us)
        # Told of the pair just now or before, the revocation can name it.
        return [*confirmed, *(_revocation(_after(state, confirmed), end) if end else [])]
    return _refusal(state, accepts[0], _flaw(invited, accepts[0]) or "") if accepts else []


def _flaw(invited: Invited, accept: Responded) -> str | None:
    """Why the acceptance does not answer this invitation."""
    differ = "House-Terms is not what the invitation says" if accept.terms != invited.terms else None
    return accept.refusal or differ


def _confirmation(state: Invitation, invited: Invited, accept: Responded, from_us: int) -> list[Event]:
    confirmed = OptInConfirmed(
        invited.invitation,
        accept.response,
        (invited.inviter, accept.responder),
        (invited.inviter_login, accept.responder_login),
        invited.purpose,
        invited.terms,
        from_us,
    )
    return [confirmed] if confirmed != state.confirmed else []


def _revocation(state: Invitation, end: Responded) -> list[Event]:
    """Take a confirmed pair back, or back to an earlier instant."""
    if state.confirmed is None:
        return []
    confirmed = state.confirmed
    revoked = OptInRevoked(confirmed.invitation, confirmed.parties, end.responder, end.received_at_us)
    return [revoked] if revoked != state.revoked else []


def _refusal(state: Invitation, answer: Responded, reason: str) -> list[Event]:
    declined = OptInDeclined(answer.invitation, answer.response, reason)
    return [declined] if declined != state.declined else []


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
            return replace(
                state, status=status, invited=event, answers=_keep(event, state.answers), declined=None
            )
        case Responded():
            status = "responded" if state.status == "unknown" else state.status
            return replace(state, status=status, answers=_keep(state.invited, (*state.answers, event)))
        case InvitationAdmitted():
            return replace(state, admitted=True)
        case OptInConfirmed():
            status = "revoked" if state.revoked else "confirmed"
            return replace(state, status=status, confirmed=event, declined=None)
        case OptInDeclined():
            return replace(state, status="declined", declined=event, confirmed=None, revoked=None)
        case OptInExpired():
            return replace(state, status="expired")
        case OptInRevoked():
            return replace(state, status="revoked", revoked=event)
        case _:
            raise AssertionError(f"{event} is no event of an invitation")


def decide(state: Invitation, arrived: Input) -> list[Event]:
    """Take the input as a fact, then announce what is new."""
    if isinstance(arrived.body, Due):
        return _expiry(state, arrived.body.due_at_us)
    fact = _fact(state, arrived)
    if fact is None:
        return []
    return [fact, *_verdict(evolve(state, fact))]


def _expiry(state: Invitation, due_at_us: int) -> list[Event]:
    at_us = due(state)
    if at_us is None or at_us > due_at_us or not (state.invited or state.answers):
        return []
    commit = state.invited.invitation if state.invited else state.answers[0].invitation
    return [OptInExpired(commit, at_us)]


def due(state: Invitation) -> int | None:
    """An invitation without its response, or a response without its invitation, ends."""
    return state.expires_at_us if state.status in ("invited", "responded") else None


def tags(state: Invitation) -> frozenset[str]:
    """Found by who has spoken and by status."""
    return frozenset({*(f"party:{party}" for party in state.parties), f"status:{state.status}"})


INVITATION = Decider(
    Fold("invitation", Invitation, Invitation(), evolve, due, tags),
    (EntryRecorded, IdClaimed, IdRefused, Due),
    _streams,
    decide,
)

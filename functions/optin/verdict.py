"""The verdict: what an invitation's facts amount to, by their receipt times, and has not been announced. Pure."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from functions.optin.answers import counting, invitee
from shared.domain.event import Event
from shared.domain.grades import weaker
from shared.domain.optins import Invitation, Invited, OptInConfirmed, OptInDeclined, OptInRevoked, Responded

After = Callable[[Invitation, Sequence[Event]], Invitation]
"""How the state evolves over events."""


class _End(Struct, frozen=True):
    """What ends an opt-in, or keeps it from beginning: a party's word, or a statement that is withheld."""

    at_us: int
    by: str
    reason: str
    response: str | None = None


def verdict(state: Invitation, after: After) -> list[Event]:
    """What the facts amount to and has not been announced."""
    invited = state.invited
    if invited is None or not state.admitted:
        return []
    said = counting(invited, state.answers)
    accepts = [given for given in said if given.answer == "accept"]
    sound = next((given for given in accepts if not _flaw(invited, given)), None)
    end = _end(state, said, sound)
    from_us = max(invited.received_at_us, sound.received_at_us) if sound else None
    if end and (from_us is None or end.at_us <= from_us):
        return [*_revocation(state, end), *_refusal(state, end.response, end.reason)]
    if sound and from_us is not None:
        confirmed = _confirmation(state, accepts, sound, from_us)
        # Told of the pair just now or before, the revocation can name it.
        return [*confirmed, *(_revocation(after(state, confirmed), end) if end else [])]
    if accepts:
        first, flaw = accepts[0], _flaw(invited, accepts[0]) or ""
        undone = _undone(state, first.responder)
        return [*undone, *_refusal(state, first.response, flaw, first.entry)]
    return []


def _flaw(invited: Invited, accept: Responded) -> str | None:
    """Why the acceptance does not answer this invitation."""
    differ = "House-Terms is not what the invitation says" if accept.terms != invited.terms else None
    return accept.refusal or differ


def _end(state: Invitation, said: Sequence[Responded], sound: Responded | None) -> _End | None:
    """The first of what ends it: a refusal or revocation, or a party's withholding of what it rests on."""
    invited = state.invited
    assert invited is not None
    ends = [
        _End(given.received_at_us, given.responder, _taken_back(invited, given.responder), given.response)
        for given in said
        if given.answer != "accept"
    ]
    account = invitee(invited, state.answers)
    ends += [
        _End(at_us, by, _taken_back(invited, by))
        for by, at_us in state.withdrawn.items()
        if by in (invited.inviter, account)
    ]
    rests_on = {entry for said in (invited, sound) if said for entry in (said.entry, said.proof)}
    ends += [
        _End(word.withheld_at_us, word.by, "a commit it rests on is withheld")
        for entry, word in state.withheld.items()
        if entry in rests_on
    ]
    return min(ends, key=lambda end: (end.at_us, end.by, end.response or ""), default=None)


def _taken_back(invited: Invited, by: str) -> str:
    return "withdrawn by the inviter" if by == invited.inviter else "declined by the invitee"


def _confirmation(
    state: Invitation, accepts: Sequence[Responded], accept: Responded, from_us: int
) -> list[Event]:
    invited = state.invited
    assert invited is not None
    said = [given.since_us for given in accepts if given.since_us and not _flaw(invited, given)]
    since_us = max(invited.since_us, said[0]) if invited.since_us and said else None
    confirmed = OptInConfirmed(
        invited.invitation,
        accept.response,
        (invited.inviter, accept.responder),
        (invited.inviter_login, accept.responder_login),
        invited.purpose,
        invited.terms,
        from_us,
        since_us,
        grade=weaker(invited.grade, accept.grade),
        fingerprints=(invited.fingerprint, accept.fingerprint),
    )
    if confirmed == state.confirmed:
        return []
    another = state.confirmed is not None and state.confirmed.parties != confirmed.parties
    return [*(_undone(state, accept.responder) if another else []), confirmed]


def _revocation(state: Invitation, end: _End) -> list[Event]:
    """Take a confirmed pair back, or back to an earlier instant."""
    if state.confirmed is None:
        return []
    confirmed = state.confirmed
    revoked = OptInRevoked(confirmed.invitation, confirmed.parties, end.by, end.at_us)
    return [revoked] if revoked != state.revoked else []


def _undone(state: Invitation, by: str) -> list[Event]:
    """A pair that, as it turns out, should never have been confirmed: it ends where it began."""
    confirmed = state.confirmed
    return _revocation(state, _End(confirmed.confirmed_at_us, by, "")) if confirmed else []


def _refusal(state: Invitation, response: str | None, reason: str, entry: str | None = None) -> list[Event]:
    declined = OptInDeclined(state.invited.invitation if state.invited else "", response, reason, entry)
    return [declined] if declined != state.declined else []

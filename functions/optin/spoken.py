"""What an entry says about an opt-in: an invitation, an answer, or why neither counts. Pure."""

from shared.domain.entries import EntryRecorded
from shared.domain.event import House
from shared.domain.grades import suffices
from shared.domain.instants import from_rfc3339
from shared.domain.optins import (
    INVITATION_US_MAX,
    PURPOSE,
    Answer,
    Invited,
    OptInDeclined,
    Responded,
    StatementRefused,
)

_ANSWERS: dict[str, Answer] = {"House-Accept": "accept", "House-Decline": "decline", "House-Revoke": "revoke"}
_UNPROVEN = "nobody is known to say it: only the author line vouches for it"


def invitation(entry: EntryRecorded, house: House) -> Invited | OptInDeclined | StatementRefused:
    """What an inviting entry says, or why that is no invitation. What nobody is known to say declines nothing."""
    said, commit = entry.trailers or {}, entry.anchor or ""
    if entry.grade == "claimed" or not (entry.actor and entry.actor_login and entry.anchor):
        return StatementRefused(commit, entry.hash, _UNPROVEN)
    if weak := _too_weak(entry, said["House-Purpose"], house):
        return StatementRefused(commit, entry.hash, weak)
    invited = Invited(
        invitation=commit,
        entry=entry.hash,
        inviter=entry.actor,
        inviter_login=entry.actor_login,
        inviter_handle=entry.actor_handle or "",
        invitee_login=entry.invitee_login or "",
        invitee_handle=entry.invitee_handle or "",
        purpose=said["House-Purpose"],
        terms=said["House-Terms"],
        id=said["House-Id"],
        received_at_us=entry.received_at_us,
        expires_at_us=from_rfc3339(said["House-Expires"]),
        invitee=entry.invitee,
        since_us=_since(said),
        grade=entry.grade,
        fingerprint=entry.fingerprint,
        unproven=entry.unproven,
    )
    refusal = _broken(invited) or _mismatch(said, house)
    return OptInDeclined(commit, None, refusal, entry.hash) if refusal else invited


def _broken(invited: Invited) -> str | None:
    """Which rule the invitation breaks by itself."""
    to_oneself = (
        invited.invitee_handle == invited.inviter_handle != ""
        if invited.invitee is None
        else invited.invitee == invited.inviter
    )
    if to_oneself:
        return "nobody invites themselves"
    if invited.purpose != PURPOSE:
        return f"House-Purpose must be {PURPOSE}"
    if invited.expires_at_us > invited.received_at_us + INVITATION_US_MAX:
        return "House-Expires is more than 14 days after receipt"
    if invited.expires_at_us < invited.received_at_us:
        return "House-Expires had passed on receipt"
    return None


def _mismatch(said: dict[str, str], house: House) -> str | None:
    """Which of origin and terms is not this House's."""
    if said.get("House-Origin") != house.origin:
        return "House-Origin is not this House"
    if said.get("House-Terms") != house.terms:
        return "House-Terms is not the digest of this House's notice"
    return None


def _too_weak(entry: EntryRecorded, purpose: str, house: House) -> str | None:
    """Why the evidence is below what the House's policy asks for. It declines nothing: better may come."""
    least = house.least_grade(purpose)
    if suffices(entry.grade, least):
        return None
    return f"the evidence is {entry.grade}, and {purpose} asks for {least}: send the signed commit itself"


def _since(said: dict[str, str]) -> int | None:
    return from_rfc3339(said["House-Since"]) if "House-Since" in said else None


def answer(entry: EntryRecorded, house: House) -> Responded | StatementRefused:
    """What a responding entry says, or why it counts for nothing."""
    said = entry.trailers or {}
    key = next(key for key in _ANSWERS if key in said)
    kind = _ANSWERS[key]
    if entry.grade == "claimed" or not (entry.actor and entry.actor_login and entry.anchor):
        return StatementRefused(said[key], entry.hash, _UNPROVEN)
    # Only a yes binds, so only a yes needs the evidence that its purpose asks for.
    if kind == "accept" and (weak := _too_weak(entry, PURPOSE, house)):
        return StatementRefused(said[key], entry.hash, weak)
    # Taking back binds to nothing, so it needs no terms; it must only not be meant for another House.
    if kind != "accept" and said.get("House-Origin", house.origin) != house.origin:
        return StatementRefused(said[key], entry.hash, "House-Origin is not this House")
    return Responded(
        invitation=said[key],
        response=entry.anchor,
        entry=entry.hash,
        responder=entry.actor,
        responder_login=entry.actor_login,
        responder_handle=entry.actor_handle or "",
        answer=kind,
        terms=said.get("House-Terms"),
        received_at_us=entry.received_at_us,
        refusal=_mismatch(said, house) if kind == "accept" else None,
        since_us=_since(said),
        grade=entry.grade,
        fingerprint=entry.fingerprint,
        unproven=entry.unproven,
    )

"""What an entry says about an opt-in: an invitation, an answer, or nothing that counts."""

from shared.domain.entries import EntryRecorded
from shared.domain.event import House
from shared.domain.instants import from_rfc3339
from shared.domain.optins import INVITATION_US_MAX, PURPOSE, Answer, Invited, OptInDeclined, Responded

GRADES = ("signed", "platform")
"""The grades of evidence that count: `claimed` is never enough."""
_ANSWERS: dict[str, Answer] = {"House-Accept": "accept", "House-Decline": "decline", "House-Revoke": "revoke"}


def named(trailers: dict[str, str]) -> str | None:
    """The hash of the invitation that a response is about."""
    return next((trailers[key] for key in _ANSWERS if key in trailers), None)


def invitation(entry: EntryRecorded, house: House) -> Invited | OptInDeclined | None:
    """What an inviting entry says, why that is no invitation, or None: nobody is known to say it."""
    said = entry.trailers or {}
    if entry.grade not in GRADES or not (entry.actor and entry.actor_login and entry.anchor):
        return None
    invitee = said["House-Invite"].removeprefix("github:")
    expires_at_us = from_rfc3339(said["House-Expires"])
    refusal = _mismatch(said, house)
    if invitee.casefold() == entry.actor_login.casefold():
        refusal = "nobody invites themselves"
    elif said["House-Purpose"] != PURPOSE:
        refusal = f"House-Purpose must be {PURPOSE}"
    elif expires_at_us > entry.received_at_us + INVITATION_US_MAX:
        refusal = "House-Expires is more than 14 days after receipt"
    elif expires_at_us < entry.received_at_us:
        refusal = "House-Expires had passed on receipt"
    if refusal:
        return OptInDeclined(entry.anchor, None, refusal)
    return Invited(
        invitation=entry.anchor,
        entry=entry.hash,
        inviter=entry.actor,
        inviter_login=entry.actor_login,
        invitee_login=invitee,
        purpose=said["House-Purpose"],
        terms=said["House-Terms"],
        id=said["House-Id"],
        received_at_us=entry.received_at_us,
        expires_at_us=expires_at_us,
    )


def _mismatch(said: dict[str, str], house: House) -> str | None:
    """Which of origin and terms is not this House's."""
    if said.get("House-Origin") != house.origin:
        return "House-Origin is not this House"
    if said.get("House-Terms") != house.terms:
        return "House-Terms is not the digest of this House's notice"
    return None


def answer(entry: EntryRecorded, house: House) -> Responded | None:
    """What a responding entry says, or None where nobody is known to say it, or another House is meant."""
    said = entry.trailers or {}
    if entry.grade not in GRADES or not (entry.actor and entry.actor_login and entry.anchor):
        return None
    key = next(key for key in _ANSWERS if key in said)
    kind = _ANSWERS[key]
    refusal = _mismatch(said, house) if kind == "accept" else None
    # Taking back binds to nothing, so it needs no terms; it must only not be meant for another House.
    if kind != "accept" and said.get("House-Origin", house.origin) != house.origin:
        return None
    return Responded(
        invitation=said[key],
        response=entry.anchor,
        entry=entry.hash,
        responder=entry.actor,
        responder_login=entry.actor_login,
        answer=kind,
        terms=said.get("House-Terms"),
        received_at_us=entry.received_at_us,
        refusal=refusal,
    )

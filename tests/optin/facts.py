"""What the function records of alice's and bob's words, and what it makes of several in a row."""

from hashlib import sha1

from msgspec.structs import replace

from functions.optin.decide import INVITATION
from functions.optin.main import FUNCTION
from shared.domain.entries import EntryRecorded
from shared.domain.event import Event
from shared.domain.handles import handle_of
from shared.domain.instants import DAY_US
from shared.domain.optins import (
    Answer,
    Invitation,
    InvitationAdmitted,
    Invited,
    OptInConfirmed,
    Responded,
    StatementRefused,
)
from tests.given import HOUSE, NOW_US, arriving, given
from tests.optin.said import ALICE, BOB, HASH, HOUSE_ID, LOGINS, invite
from tests.settled import Settled


def handle(login: str) -> str:
    return handle_of(login, HOUSE.pseudonym)


def called(entry: EntryRecorded, login: str) -> EntryRecorded:
    """The same entry by somebody called otherwise, which makes it another entry."""
    named = replace(entry, actor_login=login, actor_handle=handle(login))
    return replace(named, hash=sha1(f"{entry.hash}{login}".encode()).hexdigest())


def invited(by: EntryRecorded, invitee: str = "bob", expires_us: int = NOW_US + 7 * DAY_US) -> Invited:
    assert by.actor
    return Invited(
        HASH,
        by.hash,
        by.actor,
        LOGINS[by.actor],
        invitee,
        "sprint-match/1",
        HOUSE.terms,
        HOUSE_ID,
        by.received_at_us,
        expires_us,
        inviter_handle=handle(LOGINS[by.actor]),
        invitee_handle=handle(invitee),
    )


def responded(by: EntryRecorded, answer: Answer, refusal: str | None = None) -> Responded:
    assert by.actor
    assert by.anchor
    terms = (by.trailers or {}).get("House-Terms")
    return Responded(
        HASH,
        by.anchor,
        by.hash,
        by.actor,
        LOGINS[by.actor],
        answer,
        terms,
        by.received_at_us,
        refusal,
        responder_handle=handle(LOGINS[by.actor]),
    )


def confirmed(by: EntryRecorded, at_us: int = NOW_US) -> OptInConfirmed:
    assert by.anchor
    return OptInConfirmed(
        HASH, by.anchor, (ALICE, BOB), ("alice", "bob"), "sprint-match/1", HOUSE.terms, at_us
    )


def after(*bodies: Event, at_us: int = NOW_US) -> Settled:
    """The function after inputs, one by one, its watermark a moment behind."""
    house = Settled(FUNCTION)
    for body in bodies:
        now_us = body.received_at_us if isinstance(body, EntryRecorded) else at_us
        house.take(body, now_us)
        house.tick(now_us + 1)
    return house


def status_after(*bodies: Event) -> tuple[str, str | None]:
    state: Invitation = after(*bodies).state(f"invitation/{HASH}")
    return state.status, state.reason


ADMITTED = (invited(invite()), InvitationAdmitted(HASH))


def refused(said: EntryRecorded, reason: str, *past: Event) -> None:
    """What is said to an invitation counts for nothing, and its entry says why."""
    outcome = given(INVITATION, *(past or ADMITTED)).when(said)
    # What an earlier answer may yet make count is kept.
    effects = [event for event in outcome.events if not isinstance(event, Responded)]
    assert effects == [StatementRefused(HASH, said.hash, reason)]
    assert outcome.after.refusal_of(said.hash) == reason
    assert INVITATION.decide(outcome.after, arriving(said)) == []


def pair() -> str:
    return f"optin/{min(ALICE, BOB)}~{max(ALICE, BOB)}"

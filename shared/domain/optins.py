"""The topic `optins`: consent between two developers, and what it opens. Written by optin.

Three kinds of stream: `invitation/<commit hash>` pairs an invitation with its response, `invitation-id/<id>`
sees that a House-Id is used once, and `optin/<a>~<b>` (a ≤ b, equal for one developer's own entries) keeps
the standing between two developers.
"""

from typing import Annotated, Literal

from msgspec import Struct

from shared.domain.event import Event, event, of
from shared.domain.grades import Grade
from shared.domain.instants import DAY_US

Answer = Literal["accept", "decline", "revoke"]

PURPOSE = "sprint-match/1"
"""The one purpose an invitation may name."""
INVITATION_US_MAX = 14 * DAY_US
"""How long an invitation may be open, and how long a response waits for its invitation."""
PARTICIPATION = "participation"
"""The basis of a developer's standing alone: their own word, given and taken back any number of times."""


def pair_stream(parties: tuple[str, ...]) -> str:
    """The stream of the standing between one or two parties."""
    first, last = min(parties), max(parties)
    return f"optin/{first}~{last}"


@event("house.optin.invited.v1")
class Invited(Event, frozen=True):
    """An invitation was pushed at sufficient grade. Stream: `invitation/<invitation>`.

    `invitee` is the account it is to, where its number is given; without, whose login it is has to turn out.
    `since_us` is the inviter's House-Since. `grade` is the evidence for who said it, `fingerprint` the key's where it
    is signed, `unproven` where only GitHub says whose key it is. Of several copies of one commit by one account the
    earliest is `entry`, and counts; `proof` is the entry of the best evidence, where that is another one.
    """

    invitation: str
    entry: str
    inviter: str
    inviter_login: Annotated[str, of("inviter")]
    invitee_login: Annotated[str, of("invitee_handle")]
    purpose: str
    terms: str
    id: str
    received_at_us: int
    expires_at_us: int
    invitee: str | None = None
    since_us: int | None = None
    inviter_handle: str = ""
    invitee_handle: str = ""
    grade: Grade = "platform"
    fingerprint: str | None = None
    unproven: bool = False
    proof: str | None = None


@event("house.optin.responded.v1")
class Responded(Event, frozen=True):
    """A commit that names an invitation was pushed. Stream: `invitation/<invitation>`.

    `revoke` may be either party's. `refusal` says which rule an acceptance fails by itself. `since_us` is its
    House-Since. `grade`, `fingerprint`, `unproven` and `proof` are as in Invited.
    """

    invitation: str
    response: str
    entry: str
    responder: str
    responder_login: Annotated[str, of("responder")]
    answer: Answer
    terms: str | None
    received_at_us: int
    refusal: str | None = None
    since_us: int | None = None
    responder_handle: str = ""
    grade: Grade = "platform"
    fingerprint: str | None = None
    unproven: bool = False
    proof: str | None = None


@event("house.optin.statement-refused.v1")
class StatementRefused(Event, frozen=True):
    """A commit that speaks to an invitation counts for nothing, and why. Stream: `invitation/<invitation>`."""

    invitation: str
    entry: str
    reason: str


@event("house.optin.statement-withheld.v1")
class StatementWithheld(Event, frozen=True):
    """A party withholds an entry that speaks to an invitation. Stream: `invitation/<invitation>`.

    What follows from the entry ends with it, for good: releasing it gives no consent back.
    """

    invitation: str
    entry: str
    by: str
    withheld_at_us: int


@event("house.optin.withdrawal-noted.v1")
class WithdrawalNoted(Event, frozen=True):
    """A developer takes it back without a commit. Stream: `invitation/<invitation>`. The earliest instant counts.

    It is a revocation where it is a party's, and nothing where it is anybody else's.
    """

    invitation: str
    by: str
    withdrawn_at_us: int


@event("house.optin.id-asked-for.v1")
class IdAskedFor(Event, frozen=True):
    """The invitation uses a House-Id that is nobody's yet. Stream: `invitation-id/<id>`. The earliest instant counts."""

    id: str
    invitation: str
    asked_at_us: int


@event("house.optin.id-claimed.v1")
class IdClaimed(Event, frozen=True):
    """The invitation is the first to use the House-Id. Stream: `invitation-id/<id>`."""

    id: str
    invitation: str


@event("house.optin.id-refused.v1")
class IdRefused(Event, frozen=True):
    """The House-Id belongs to another invitation, the `holder`. Stream: `invitation-id/<id>`."""

    id: str
    invitation: str
    holder: str


@event("house.optin.invitation-admitted.v1")
class InvitationAdmitted(Event, frozen=True):
    """The invitation's House-Id is its own: it may be confirmed. Stream: `invitation/<invitation>`."""

    invitation: str


@event("house.optin.opt-in-confirmed.v1")
class OptInConfirmed(Event, frozen=True):
    """Both said yes. Stream: `invitation/<invitation>`. `logins` are those of `parties`, in the same order.

    `parties` are inviter and responder. It comes again when an earlier copy of a commit shows up late. `since_us`
    is from when on entries are covered where both said House-Since: the later of the two. `grade` is that of the
    weaker of the two commits; `fingerprints` are the keys of those that are signed.
    """

    invitation: str
    response: str
    parties: tuple[str, str]
    logins: tuple[Annotated[str, of("parties")], Annotated[str, of("parties")]]
    purpose: str
    terms: str
    confirmed_at_us: int
    since_us: int | None = None
    grade: Grade = "platform"
    fingerprints: tuple[str | None, str | None] = (None, None)


@event("house.optin.opt-in-declined.v1")
class OptInDeclined(Event, frozen=True):
    """There will be no opt-in from this pair of commits; `reason` says which rule it failed, or who refused.

    Without `response` it is the invitation, as it was pushed, that fails. `entry` is the one that broke the rule.
    """

    invitation: str
    response: str | None
    reason: str
    entry: str | None = None


@event("house.optin.opt-in-expired.v1")
class OptInExpired(Event, frozen=True):
    """The invitation's time passed without an accepted response. Stream: `invitation/<invitation>`."""

    invitation: str
    expired_at_us: int


@event("house.optin.opt-in-revoked.v1")
class OptInRevoked(Event, frozen=True):
    """One of the two took it back, effective on receipt. Stream: `invitation/<invitation>`."""

    invitation: str
    parties: tuple[str, str]
    by: str
    revoked_at_us: int


@event("house.optin.standing-opened.v1")
class StandingOpened(Event, frozen=True):
    """Entries between the two may be used from now on. Stream: `optin/<a>~<b>`. `basis` is what opened it."""

    parties: tuple[str, ...]
    basis: str
    from_us: int


@event("house.optin.standing-closed.v1")
class StandingClosed(Event, frozen=True):
    """What `basis` opened is closed again. Stream: `optin/<a>~<b>`."""

    parties: tuple[str, ...]
    basis: str
    to_us: int


@event("house.optin.entry-confirmed.v1")
class EntryConfirmed(Event, frozen=True):
    """All parties of the entry have opted in: it may be used. Stream: `optin/<a>~<b>`."""

    entry: str
    parties: tuple[str, ...]


@event("house.optin.entry-withheld.v1")
class EntryWithheld(Event, frozen=True):
    """A party withholds the entry: nothing derived from it may be used. Stream: `optin/<a>~<b>`."""

    entry: str
    parties: tuple[str, ...]
    by: str
    at_us: int = 0


@event("house.optin.entry-released.v1")
class EntryReleased(Event, frozen=True):
    """A party no longer withholds the entry; the other still may. Stream: `optin/<a>~<b>`."""

    entry: str
    parties: tuple[str, ...]
    by: str
    at_us: int


class HouseId(Struct, frozen=True, omit_defaults=True):
    """The state of `invitation-id/<id>`: the invitation that used it first.

    Until that is certain, `asked` holds those that use it, with the instants of their receipt.
    """

    id: str = ""
    holder: str | None = None
    asked: dict[str, int] = {}


class Invitation(Struct, frozen=True, omit_defaults=True):
    """The state of `invitation/<hash>`: the facts, and what was last announced of them.

    `answers` holds, of each speaker, the earliest of each kind. `admitted`: the House-Id is its own. `refused`
    says why other entries count for nothing, `withheld` when the first of its parties withheld one; both by entry.
    `withdrawn` is when developers took it back without a commit.
    """

    status: Literal["unknown", "invited", "responded", "confirmed", "declined", "expired", "revoked"] = (
        "unknown"
    )
    invited: Invited | None = None
    answers: tuple[Responded, ...] = ()
    admitted: bool = False
    confirmed: OptInConfirmed | None = None
    declined: OptInDeclined | None = None
    revoked: OptInRevoked | None = None
    refused: dict[str, str] = {}
    withheld: dict[str, StatementWithheld] = {}
    withdrawn: dict[str, int] = {}

    @property
    def parties(self) -> tuple[str, ...]:
        """Who has spoken: the inviter first."""
        inviter = [self.invited.inviter] if self.invited else []
        return tuple(dict.fromkeys([*inviter, *(answer.responder for answer in self.answers)]))

    @property
    def responded(self) -> Responded | None:
        """The answer that settled it, or the first one."""
        settled = self.confirmed or self.declined
        by = self.confirmed.parties[1] if self.confirmed else None
        settling = (
            answer
            for answer in self.answers
            if settled and answer.response == settled.response and by in (None, answer.responder)
        )
        return next(settling, next(iter(self.answers), None))

    @property
    def reason(self) -> str | None:
        """Why it was declined, or has expired."""
        if self.status == "expired":
            return "no answer came in time" if self.invited else "its invitation never came"
        return self.declined.reason if self.declined else None

    def refusal_of(self, entry: str) -> str | None:
        """Why an entry that speaks to it counts for nothing, or None where it counts."""
        declined = self.declined
        flawed = declined is not None and declined.entry == entry
        return self.refused.get(entry) or (declined.reason if declined and flawed else None)

    @property
    def confirmed_at_us(self) -> int | None:
        """From when on the two have opted in."""
        return self.confirmed.confirmed_at_us if self.confirmed else None

    @property
    def expires_at_us(self) -> int | None:
        """Until when a response may come, or, with a response only, the invitation."""
        if self.invited:
            return self.invited.expires_at_us
        return self.answers[0].received_at_us + INVITATION_US_MAX if self.answers else None

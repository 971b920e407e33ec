"""The topic `optins`: consent between two developers, and what it opens. Written by optin.

Two kinds of stream: `invitation/<commit hash>` pairs an invitation with its response, and
`optin/<a>~<b>` (a ≤ b, equal for one developer's own entries) keeps the standing between two developers.
"""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, Personal, event


def pair_stream(parties: tuple[str, ...]) -> str:
    """The stream of the standing between one or two parties."""
    first, last = min(parties), max(parties)
    return f"optin/{first}~{last}"


@event("house.optin.invited.v1")
class Invited(Event, frozen=True):
    """An invitation was pushed at sufficient grade. Stream: `invitation/<invitation>`."""

    invitation: str
    entry: str
    inviter: str
    inviter_login: Personal | None
    invitee_login: Personal
    purpose: str
    terms: str
    id: str
    received_at_us: int
    expires_at_us: int


@event("house.optin.responded.v1")
class Responded(Event, frozen=True):
    """A response that names an invitation was pushed. Stream: `invitation/<invitation>`."""

    invitation: str
    response: str
    entry: str
    responder: str
    responder_login: Personal | None
    answer: Literal["accept", "decline"]
    terms: str
    received_at_us: int


@event("house.optin.opt-in-confirmed.v1")
class OptInConfirmed(Event, frozen=True):
    """Both said yes. Stream: `invitation/<invitation>`. `logins` are those of `parties`, in the same order."""

    invitation: str
    response: str
    parties: tuple[str, str]
    logins: tuple[Personal, Personal]
    purpose: str
    terms: str
    confirmed_at_us: int


@event("house.optin.opt-in-declined.v1")
class OptInDeclined(Event, frozen=True):
    """There will be no opt-in from this pair of commits; `reason` says which rule it failed or that it was refused."""

    invitation: str
    response: str | None
    reason: str


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


class Invitation(Struct, frozen=True, omit_defaults=True):
    """The state of `invitation/<hash>`: waiting for its other half, or settled."""

    status: Literal["unknown", "invited", "responded", "confirmed", "declined", "expired", "revoked"] = "unknown"
    invited: Invited | None = None
    responded: Responded | None = None
    reason: str | None = None
    confirmed_at_us: int | None = None
    expires_at_us: int | None = None


class Span(Struct, frozen=True, omit_defaults=True):
    """A stretch of time in which entries between two parties may be used, and its basis."""

    basis: str
    from_us: int
    to_us: int | None = None


class Standing(Struct, frozen=True, omit_defaults=True):
    """The state of `optin/<a>~<b>`: when entries between the two may be used, and which may not."""

    parties: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    withheld: frozenset[str] = frozenset()

    def covers(self, instant_us: int) -> bool:
        """Whether an opt-in was in force at that instant."""
        return any(s.from_us <= instant_us and (s.to_us is None or instant_us < s.to_us) for s in self.spans)

    @property
    def open(self) -> bool:
        """Whether any opt-in is in force now."""
        return any(span.to_us is None for span in self.spans)

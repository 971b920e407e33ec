"""What a developer is shown of what concerns them: one model for each kind of row, with its purpose and evidence."""

from typing import Any, Generic, Literal, TypeVar

from functions.gateway.answers import Body, Done
from functions.gateway.answers.log import Standing

T = TypeVar("T")
Outcome = Literal["withholding", "releasing", "unknown"]


class Page(Body, Generic[T]):
    """Some rows; `next` continues, None at the end."""

    items: list[T]
    next: str | None


class RestsOn(Body):
    """On what something rests.

    `grade` is DESIGN section 5's, `fingerprint` the SSH key's where it is signed, `commit` the git commit it is about,
    `delivery` the digest of the webhook delivery (or of the commit that was sent by itself), `entry` its line of the
    event log, `journey` the correlation id of everything that came of it.
    """

    grade: str | None = None
    fingerprint: str | None = None
    commit: str | None = None
    delivery: str | None = None
    entry: str | None = None
    journey: str | None = None


class MyEntry(Body):
    """One entry. `purpose` is what it may be used for now, and `bases` what permits that; None and none: nothing."""

    hash: str
    kind: str
    sentence: str
    repository: str | None
    ref: str | None
    received_at: str
    standing: Standing
    purpose: str | None
    bases: list[str]
    refusal: str | None
    evidence: RestsOn


class MyEntries(Page[MyEntry]):
    """Entries, newest first."""


class MyOptIn(Body):
    """One opt-in, or what may become one. `other` is the other developer, once they are known."""

    invitation: str
    status: str
    part: Literal["inviter", "invitee"]
    other: str | None
    other_login: str | None
    purpose: str | None
    terms: str | None
    invited_at: str | None
    expires_at: str | None
    confirmed_at: str | None
    ended_at: str | None
    reason: str | None
    evidence: RestsOn
    response: RestsOn | None


class MyOptIns(Page[MyOptIn]):
    """Opt-ins, newest first."""


class MySession(Body):
    """One session with a seat of the developer's. `opt_ins` are those in force now: without one, nothing is used."""

    session: str
    brief: str
    status: str
    lane: str
    seat: str
    ticket: str
    accepted_at: str | None
    introduce: bool
    window_end: str | None
    ballots: int
    points: int
    purpose: str
    opt_ins: list[str]
    journey: str


class MySessions(Page[MySession]):
    """Sessions, newest first."""


class MyLead(Body):
    """The developer as they are introduced to a client. `agreed_by` says with what they agreed, and when."""

    brief: str
    client: str
    session: str
    fit: int
    engagement: int
    reasons: list[str]
    purpose: str
    agreed_by: str | None
    agreed_at: str | None
    opt_ins: list[str]


class MyLeads(Page[MyLead]):
    """Leads."""


class MyProfile(Body):
    """What the crawler has seen in public. `opt_ins` justify looking; without one nothing is kept."""

    login: str | None
    name: str | None
    site: str | None
    status: str | None
    emoji: str | None
    busy: bool | None
    organizations: list[str]
    observed_at: str | None
    site_title: str | None
    site_status_code: int | None
    site_digest: str | None
    site_observed_at: str | None
    not_looked_at: str | None
    purpose: str
    opt_ins: list[str]


class MyProfiles(Page[MyProfile]):
    """The profile, if there is any."""


class MyKey(Body):
    """An SSH key that tells which commits are the developer's."""

    fingerprint: str
    key: str
    source: str
    since: str
    revoked: str | None
    purpose: str
    evidence: str


class MyKeys(Page[MyKey]):
    """Keys."""


class MyConsent(Body):
    """One word on one purpose. The last one on each counts."""

    purpose: str
    given: bool
    brief: str | None
    at: str
    request: str
    journey: str


class MyConsents(Page[MyConsent]):
    """Consents, oldest first."""


class MyRequest(Body):
    """Something the developer asked the House for, as it is kept: tickets, votes, points, consents, …"""

    request: str
    type: str
    at: str
    journey: str
    data: dict[str, Any]


class MyRequests(Page[MyRequest]):
    """Requests, oldest first."""


class MyToken(Body):
    """A token or session that speaks for the developer. `sha256` is all that is kept of it."""

    sha256: str
    name: str
    use: str
    status: Literal["good", "revoked", "spent", "over"]
    issued_at: str
    expires_at: str | None
    purpose: str
    evidence: str | None


class MyTokens(Page[MyToken]):
    """Tokens, newest first."""


class Me(Body):
    """Where a developer stands with the House. `lists` are the paths of everything there is."""

    developer: str
    name: str
    participation: bool
    introduction: bool
    introduced_for: list[str]
    lists: list[str]
    exports: list[str]


class WithholdingOutcome(Body):
    """What was asked for one entry. `unknown`: there is none, or it does not concern you."""

    hash: str
    outcome: Outcome


class Withholdings(Done):
    """One outcome for each hash, in the order asked."""

    results: list[WithholdingOutcome]


class Erasing(Done):
    """The erasure is recorded. Every token and session is over; `invitations` end, and the keys are destroyed."""

    request: str
    invitations: int
    tokens: int

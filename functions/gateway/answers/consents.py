"""The compliance index: consents as they were at a moment, each with its evidence."""

from typing import Literal

from functions.gateway.answers import Body

Basis = Literal["opt-in", "word", "seat"]


class Evidence(Body):
    """One event that an answer rests on, by its place; for a commit also the entry, the grade and the key."""

    what: Literal["invitation", "response", "confirmation", "end", "word"]
    event: str
    stream: str
    version: int
    recorded_at: str
    at: str
    by: str | None = None
    commit: str | None = None
    entry: str | None = None
    grade: str | None = None
    fingerprint: str | None = None


class Consent(Body):
    """One basis: a double opt-in, the subject's own word, or a word given with a seat.

    `scope` is the brief or session that a word is limited to, `counterpart` the other party of an opt-in, `since` and
    `until` the instants of receipt from and to which it holds; `until` is open while `allowed`.
    """

    subject: str
    purpose: str
    basis: Basis
    scope: str | None
    allowed: bool
    counterpart: str | None = None
    terms: str | None = None
    since: str | None
    until: str | None
    reason: str | None = None
    evidence: list[Evidence]


class Consents(Body):
    """What was allowed at `at`, by the House's record clock, each with its evidence: about `subject`, or about anybody.

    `final`: the moment is past for good, and the answer never changes. Within the last seconds something may yet be on
    its way into the record. About anybody it comes in pages: `next` goes on, even when nothing was found; None at the
    end.
    """

    subject: str | None
    at: str
    clock: Literal["recorded"] = "recorded"
    final: bool
    allowed: bool
    consents: list[Consent]
    next: str | None

"""The compliance index: what was allowed about somebody at a moment, and on what evidence.

The moment is one of the House's record clock: the answer is made of the events recorded until then, and of nothing
else, so that what is recorded later never changes it. What had been received but not yet recorded, the House did not
know, and did not act on; the instants of receipt are in the evidence.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from functions.gateway.answers.consents import Basis, Consent, Evidence
from functions.gateway.auth import Caller
from shared.domain.event import Event, Recorded, decode
from shared.domain.instants import rfc3339
from shared.domain.optins import (
    PURPOSE,
    Invited,
    OptInConfirmed,
    OptInDeclined,
    OptInRevoked,
    Responded,
)
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, Purpose, SeatAccepted
from shared.runtime.edge import Edge

OPT_INS_MAX, EVENTS_MAX, PAGE = 2_000, 50_000, 1_000
"""Opt-ins of one subject, and events of their own stream."""
SCANNED_MAX, CHUNK = 2_000, 500
"""Streams looked at for one page of everybody's; `next` goes on where it stopped."""


class Known(Struct, frozen=True):
    """One event as it was recorded, with its body."""

    recorded: Recorded
    body: Event

    def evidence(self, what: Any, at_us: int, **more: str | None) -> Evidence:
        """What it proves."""
        event = self.recorded
        return Evidence(
            what=what,
            event=event.id,
            stream=event.stream,
            version=event.version,
            recorded_at=rfc3339(event.recorded_us),
            at=rfc3339(at_us),
            **more,
        )


def _until(edge: Edge, who: Caller, stream: str, at_us: int) -> Iterator[Known]:
    """The events of a stream that had been recorded by then, in order, at most `EVENTS_MAX`, as far as `who` may see."""
    for after in range(0, EVENTS_MAX, PAGE):
        page = edge.read(stream, after, PAGE)
        # Should the clock have stepped back, an event that follows a later one was not there before it.
        early = list(takewhile(lambda event: event.recorded_us <= at_us, page))
        shown = (event for event in early if who.sees(event.time_us))
        yield from (Known(event, decode(event.type, event.data)) for event in shown)
        if len(early) < PAGE:
            return


def _opt_ins(edge: Edge, who: Caller, subject: str, at_us: int) -> list[Consent]:
    """The subject's opt-ins and what became of them by then, the latest invitation first."""
    found: list[Consent] = []
    before: int | None = None
    while len(found) < OPT_INS_MAX:
        views = edge.states("optin", msgspec.Raw, f"party:{subject}", before, PAGE)
        for view, _ in views:
            if view.stream.startswith("invitation/"):
                both = _opt_in(list(_until(edge, who, view.stream, at_us)))
                found += [consent for consent in both if consent.subject == subject]
        if len(views) < PAGE:
            break
        before = views[-1][0].cursor
    return found


class Wanted(Struct, frozen=True):
    """Which consents are asked for: to a purpose, on a basis, or all."""

    purpose: str | None
    basis: Basis | None

    def admits(self, consent: Consent) -> bool:
        """Whether it is one of them."""
        return self.purpose in (None, consent.purpose) and self.basis in (None, consent.basis)

    @property
    def tags(self) -> list[tuple[str, str | None]]:
        """The functions, and tags, of the streams that such consents may be in."""
        opt_in = self.basis in (None, "opt-in") and self.purpose in (None, PURPOSE)
        word = self.basis in (None, "word", "seat") and self.purpose in (None, *get_args(Purpose))
        return [*([("optin", None)] if opt_in else []), *([("gateway", "person")] if word else [])]


def of_one(edge: Edge, who: Caller, subject: str, wanted: Wanted, at_us: int) -> list[Consent]:
    """The subject's consents by then: opt-ins, the latest invitation first, then their own words."""
    found: list[Consent] = []
    for function, _ in wanted.tags:
        read = _opt_ins if function == "optin" else _words
        found += filter(wanted.admits, read(edge, who, subject, at_us))
    return found


def of_all(
    edge: Edge, who: Caller, wanted: Wanted, at_us: int, after: int | None, limit: int
) -> tuple[list[Consent], int | None]:
    """Everybody's by then, the latest stream first, and where to go on: after about `limit` consents, None at the end.

    `wanted` has a purpose or a basis, so they are all in streams of one kind.
    """
    found: list[Consent] = []
    for function, tag in wanted.tags:
        for _ in range(SCANNED_MAX // CHUNK):
            views = edge.states(function, msgspec.Raw, tag, after, CHUNK)
            for view, _ in views:
                after = view.cursor
                found += filter(wanted.admits, _in_stream(edge, who, view.stream, at_us))
                if len(found) >= limit:
                    return found, after
            if len(views) < CHUNK:
                return found, None
    return found, after


def _in_stream(edge: Edge, who: Caller, stream: str, at_us: int) -> list[Consent]:
    prefix, _, name = stream.partition("/")
    match prefix:
        case "invitation":
            return _opt_in(list(_until(edge, who, stream, at_us)))
        case "person":
            return _words(edge, who, name, at_us)
        case _:
            return []


def _opt_in(events: Sequence[Known]) -> list[Consent]:
    """The pair's confirmation and its end, if there was one, to each of the two."""
    invitation: Known | None = None
    response: Known | None = None
    confirmation: Known | None = None
    end: Known | None = None
    said: dict[tuple[str, str], Known] = {}
    for known in events:
        match known.body:
            case Invited():
                invitation = known
            case Responded(response=commit, responder=by):
                # The last word on a commit has its best evidence; who else pushed it is somebody else.
                said[commit, by] = known
            case OptInConfirmed() as confirmed:
                same = confirmation is not None and _parties(confirmation) == confirmed.parties
                confirmation, response, end = (
                    known,
                    said.get((confirmed.response, confirmed.parties[1])),
                    end if same else None,
                )
            case OptInRevoked() | OptInDeclined() if confirmation:
                end = known
            case _:
                pass
    if confirmation is None or not isinstance(confirmation.body, OptInConfirmed):
        return []
    confirmed, ended_us = confirmation.body, _ended_us(end)
    return [
        Consent(
            subject=subject,
            purpose=confirmed.purpose,
            basis="opt-in",
            scope=None,
            allowed=end is None,
            counterpart=counterpart,
            terms=confirmed.terms,
            since=rfc3339(confirmed.confirmed_at_us),
            until=None if ended_us is None else rfc3339(ended_us),
            reason=end.body.reason if end and isinstance(end.body, OptInDeclined) else None,
            evidence=[
                *_statement("invitation", invitation),
                *_statement("response", response),
                confirmation.evidence("confirmation", confirmed.confirmed_at_us),
                *([end.evidence("end", ended_us or 0, by=getattr(end.body, "by", None))] if end else []),
            ],
        )
        for subject, counterpart in (confirmed.parties, confirmed.parties[::-1])
    ]


def _parties(confirmation: Known) -> tuple[str, ...]:
    assert isinstance(confirmation.body, OptInConfirmed)
    return confirmation.body.parties


def _ended_us(end: Known | None) -> int | None:
    if end is None:
        return None
    return end.body.revoked_at_us if isinstance(end.body, OptInRevoked) else end.recorded.time_us


def _statement(what: Literal["invitation", "response"], known: Known | None) -> list[Evidence]:
    match known:
        case Known(body=Invited(invitation=commit, inviter=by) as said):
            pass
        case Known(body=Responded(response=commit, responder=by) as said):
            pass
        case _:
            return []
    commit_by = {"by": by, "commit": commit, "entry": said.entry}
    proof = {"grade": said.grade, "fingerprint": said.fingerprint}
    return [known.evidence(what, said.received_at_us, **commit_by, **proof)]


def _words(edge: Edge, who: Caller, subject: str, at_us: int) -> list[Consent]:
    """The subject's own words by then, the last one on each purpose and scope, in order of purpose and scope."""
    last: dict[tuple[str, Basis, str | None], tuple[Known, Known | None]] = {}
    for known in _until(edge, who, f"person/{subject}", at_us):
        match known.body:
            case ConsentGiven(purpose=purpose, brief=brief):
                last[purpose, "word", brief] = (known, None)
            case SeatAccepted(introduce=True, session=session):
                last["introduction", "seat", session] = (known, None)
            case ConsentWithdrawn(purpose=purpose, brief=brief):
                for key, (given, end) in last.items():
                    # Who takes no further part is introduced to nobody.
                    meant = key[0] == purpose or purpose == "participation"
                    if end is None and meant and (brief is None or key[2] == brief):
                        last[key] = (given, known)
            case _:
                pass
    return [
        _word(subject, key, *last[key])
        for key in sorted(last, key=lambda key: (key[0], key[1], key[2] or ""))
    ]


def _word(subject: str, key: tuple[str, Basis, str | None], given: Known, end: Known | None) -> Consent:
    purpose, basis, scope = key
    since_us = _said_us(given.body)
    until_us = None if end is None else _said_us(end.body)
    return Consent(
        subject=subject,
        purpose=purpose,
        basis=basis,
        scope=scope,
        allowed=end is None,
        since=rfc3339(since_us),
        until=None if until_us is None else rfc3339(until_us),
        evidence=[
            given.evidence("word", since_us),
            *([end.evidence("end", until_us or 0)] if end else []),
        ],
    )


def _said_us(body: Event) -> int:
    match body:
        case ConsentGiven(given_at_us=at_us) | SeatAccepted(accepted_at_us=at_us):
            return at_us
        case ConsentWithdrawn(withdrawn_at_us=at_us):
            return at_us
        case _:
            raise AssertionError(f"{body} is no word of consent")

"""A developer's sessions, leads, profile, keys, consents, requests and tokens."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from pydantic import BaseModel

from functions.gateway import sight
from functions.gateway.auth import Caller
from functions.gateway.mine.rows import Rows, after_views, at_or_none
from functions.gateway.my_answers import (
    MyConsent,
    MyKey,
    MyLead,
    MyProfile,
    MyRequest,
    MySession,
    MyToken,
)
from shared.domain.event import Recorded, decode
from shared.domain.instants import rfc3339
from shared.domain.leads import LeadQualified, Leads
from shared.domain.optins import PURPOSE
from shared.domain.requests import ConsentGiven, ConsentWithdrawn
from shared.domain.results import SessionResult
from shared.domain.tokens import Token
from shared.runtime.edge import Edge

SCANNED_MAX = 5_000
"""Requests looked at for one page of consents; `next` goes on, even when none was found."""
_SIGNING = "tells which commits are yours, and signs you in"
_ANY = "*"


def sessions(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Sessions with a seat of the developer's, newest first."""
    found, views = sight.sessions(edge, who, after, limit)
    in_force = sorted(sight.ticket(edge, who).opt_ins.in_force)
    rows = [_session(edge, who.subject, drawn, in_force, view.correlation) for view, drawn in found]
    return Rows(rows, after_views(views, limit))


def _session(edge: Edge, me: str, drawn: sight.Drawn, opt_ins: list[str], correlation: str) -> MySession:
    session, proposed = drawn.session, drawn.proposed
    seat = next(seat for seat in proposed.seats if seat.developer == me)
    result = edge.state("aggregator", f"result/{proposed.session}", SessionResult) or SessionResult()
    return MySession(
        session=proposed.session,
        brief=proposed.brief,
        status="closed" if result.status == "closed" else session.status,
        lane=seat.lane,
        seat=seat.id,
        ticket=seat.ticket,
        accepted_at=at_or_none(session.accepted.get(seat.id)),
        introduce=me in session.introduce,
        window_end=at_or_none(session.formed.window_end_us if session.formed else None),
        ballots=len(result.ballots.get(me, ())),
        points=sum(map(len, result.points.get(me, {}).values())),
        purpose=PURPOSE,
        opt_ins=opt_ins,
        journey=correlation,
    )


def leads(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """The developer as clients are told of them. At most one lead a brief, so all at once."""
    state = edge.state("aggregator", f"lead/{who.subject}", Leads) or Leads()
    return Rows([_lead(state, lead) for lead in state.leads.values()])


def _lead(state: Leads, lead: LeadQualified) -> MyLead:
    by, at_us = None, state.seats.get(lead.session)
    if at_us is not None:
        by = "with the seat"
    for scope, said in ((lead.brief, "for this brief"), (_ANY, "for any client")):
        answer = state.answers.get(scope)
        if answer and answer.agreed and (at_us is None or answer.at_us >= at_us):
            by, at_us = said, answer.at_us
    return MyLead(
        brief=lead.brief,
        client=lead.client,
        session=lead.session,
        fit=lead.fit,
        engagement=lead.engagement,
        reasons=list(lead.reasons),
        purpose="introduction",
        agreed_by=by,
        agreed_at=at_or_none(at_us),
        opt_ins=sorted(state.opt_ins.in_force),
    )


def profile(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """What the crawler keeps of the developer, if anything."""
    state = sight.profile(edge, who)
    if not (state.opt_ins or state.profile or state.site or state.deferred):
        return Rows([])
    seen, site, deferred = state.profile, state.site, state.deferred
    row = MyProfile(
        login=seen.login if seen else state.login,
        name=seen.name if seen else None,
        site=seen.site if seen else None,
        status=seen.status if seen else None,
        emoji=seen.emoji if seen else None,
        busy=seen.busy if seen else None,
        organizations=list(seen.organizations) if seen else [],
        observed_at=at_or_none(seen.observed_at_us if seen else None),
        site_title=site.title if site else None,
        site_status_code=site.status_code if site else None,
        site_digest=site.digest if site else None,
        site_observed_at=at_or_none(site.observed_at_us if site else None),
        not_looked_at=f"{deferred.target}: {deferred.reason}" if deferred else None,
        purpose=PURPOSE,
        opt_ins=[asked.invitation for asked in state.opt_ins],
    )
    return Rows([row])


def keys(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """The developer's SSH keys, at most a few: registered here, and shown by GitHub."""
    held = sight.keys(edge, who)
    rows = [
        _key(key.fingerprint, key.line, "registered", key.registered_at_us, key.revoked_at_us)
        for key in held.registered
        if key.registered_at_us is not None
    ]
    seen = held.observed
    if seen:
        rows += [
            _key(fingerprint, line, "github", seen.observed_at_us, held.revoked_at_us.get(fingerprint))
            for fingerprint, line in zip(seen.fingerprints, seen.lines, strict=True)
        ]
    return Rows(rows)


def _key(fingerprint: str, line: str, source: str, since_us: int, revoked_at_us: int | None) -> MyKey:
    return MyKey(
        fingerprint=fingerprint,
        key=line,
        source=source,
        since=rfc3339(since_us),
        revoked=at_or_none(revoked_at_us),
        purpose=_SIGNING,
        evidence="a proof by the key itself" if source == "registered" else "shown by GitHub of your account",
    )


def consents(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Consents given and taken back, oldest first."""
    return _asked(edge, who, after, limit, _consent, SCANNED_MAX)


def _consent(event: Recorded) -> MyConsent | None:
    if not event.type.startswith("house.gateway.consent-"):
        return None
    said = decode(event.type, event.data)
    if not isinstance(said, ConsentGiven | ConsentWithdrawn):
        return None
    return MyConsent(
        purpose=said.purpose,
        given=isinstance(said, ConsentGiven),
        brief=said.brief,
        at=rfc3339(event.time_us),
        request=event.id,
        journey=event.correlation,
    )


def requests(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Everything the developer asked the House for, oldest first."""
    return _asked(edge, who, after, limit, _request, limit)


def _request(event: Recorded) -> MyRequest:
    data: dict[str, Any] = msgspec.json.decode(event.data)
    return MyRequest(
        request=event.id,
        type=event.type,
        at=rfc3339(event.time_us),
        journey=event.correlation,
        data=data,
    )


def _asked(
    edge: Edge,
    who: Caller,
    after: int | None,
    limit: int,
    row: Callable[[Recorded], BaseModel | None],
    scanned: int,
) -> Rows:
    """Rows of the developer's own stream; `after` is a version of it, and `scanned` how many events are looked at."""
    found = edge.read(f"person/{who.subject}", after or 0, scanned)
    rows: list[BaseModel] = []
    for event in found:
        shown = row(event) if who.sees(event.time_us) else None
        if shown is not None:
            rows.append(shown)
        if len(rows) == limit:
            return Rows(rows, event.version)
    return Rows(rows, found[-1].version if len(found) == scanned else None)


def tokens(edge: Edge, who: Caller, after: int | None, limit: int) -> Rows:
    """Tokens and sessions that speak for the developer, newest first."""
    found = edge.states("gateway", Token, f"subject:{who.subject}", after, limit)
    now_us = edge.clock.now_us()
    rows = [_token(token, now_us) for _, token in found if who.sees(token.issued_at_us)]
    return Rows(rows, after_views([view for view, _ in found], limit))


def _token(token: Token, now_us: int) -> MyToken:
    return MyToken(
        sha256=token.token,
        name=token.name,
        use=token.use,
        status=_status(token, now_us),
        issued_at=rfc3339(token.issued_at_us),
        expires_at=at_or_none(token.expires_at_us),
        purpose="speaks for you",
        evidence=token.evidence,
    )


def _status(token: Token, now_us: int) -> Literal["good", "revoked", "spent", "over"]:
    if token.revoked:
        return "revoked"
    if token.spent_at_us is not None:
        return "spent"
    return "good" if token.stands(now_us) else "over"

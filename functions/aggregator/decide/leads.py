"""Which clients a developer is introduced to, and why; and whether what they do may be used at all.

Reads PartTaken, SeatAccepted, ConsentGiven, ConsentWithdrawn, OptInConfirmed, OptInRevoked, PartBegun,
ErasureRequested. Emits ParticipationNoted, IntroductionAgreed, IntroductionRefused, OptInNoted, SeatNoted,
ErasureNoted, StandingTold, LeadQualified, LeadWithdrawn. Stream: `lead/<dev>`.

A lead needs two things, which may come in either order: a task done in a session of the client's brief, and a
standing agreement to be introduced. Agreement is given with a seat, for a brief, or in general; of these and of what
took them back the latest stands, and on a tie the refusal. Every input is followed by a fresh comparison of the leads
there should be with those there are, so that consent is checked whenever it could matter.

Without an opt-in in force there is no lead, and the developer's sessions are told to leave out what they did: the
moment it ends, and again when another begins. Of whoever was erased, nothing from before comes back.
"""

from collections.abc import Sequence
from typing import TypeVar, assert_never

from msgspec.structs import asdict, replace

from functions.aggregator.decide.points import qualified
from shared.domain.event import Event, Input
from shared.domain.leads import (
    Answer,
    ErasureNoted,
    IntroductionAgreed,
    IntroductionRefused,
    LeadQualified,
    Leads,
    LeadWithdrawn,
    OptInNoted,
    ParticipationNoted,
    SeatNoted,
    StandingTold,
)
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.orderless import with_entry
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, ErasureRequested, SeatAccepted
from shared.domain.results import PartBegun, PartTaken
from shared.runtime.shapes import Decider, Fold

PARTICIPATIONS_MAX = 500
"""Sessions of one developer that can become leads; later ones do not."""
ANSWERS_MAX = 500
"""Briefs a developer may answer for one by one; a refusal beyond that is taken as one for all."""
SEATS_MAX = 500
"""Agreements given with a seat; the oldest lapse beyond that."""
SESSIONS_MAX = 1_000
"""Sessions of one developer; what they do in later ones is not used."""
ANY = "*"
V = TypeVar("V")

Fact = ParticipationNoted | IntroductionAgreed | IntroductionRefused | OptInNoted | SeatNoted | ErasureNoted
Emitted = Fact | StandingTold | LeadQualified | LeadWithdrawn


def streams(happened: Input) -> list[str]:
    """The developer that an input is about."""
    match happened.body:
        case (
            PartTaken()
            | SeatAccepted()
            | PartBegun()
            | ConsentGiven()
            | ConsentWithdrawn()
            | ErasureRequested() as body
        ):
            return [f"lead/{body.developer}"]
        case OptInConfirmed() | OptInRevoked() as body:
            return [f"lead/{party}" for party in body.parties]
        case _:
            return []


def evolve(state: Leads, event: Emitted) -> Leads:
    """The developer's leads after `event`."""
    match event:
        case ParticipationNoted():
            noted = sorted(
                (*state.participations.get(event.brief, ()), event),
                key=lambda participation: participation.session,
            )
            return replace(state, participations=with_entry(state.participations, event.brief, tuple(noted)))
        case IntroductionAgreed(session=str() as session):
            agreed = {**state.seats, session: max(event.at_us, state.seats.get(session, event.at_us))}
            seats = sorted(agreed.items(), key=lambda seat: (seat[1], seat[0]))
            return replace(state, seats=dict(seats[-SEATS_MAX:]))
        case IntroductionAgreed() | IntroductionRefused():
            scope = event.brief or ANY
            answer = Answer(event.at_us, isinstance(event, IntroductionAgreed))
            return replace(
                state, answers=with_entry(state.answers, scope, _later(state.answers.get(scope), answer))
            )
        case OptInNoted(invitation=invitation, ended_at_us=at_us):
            known = state.opt_ins
            return replace(
                state, opt_ins=known.gained(invitation) if at_us is None else known.lost(invitation, at_us)
            )
        case SeatNoted():
            sessions = tuple(sorted((*state.sessions, event.session)))
            return replace(state, developer=event.developer, sessions=sessions)
        case ErasureNoted(developer=developer, erased_at_us=at_us):
            return _without(replace(state, developer=developer, opt_ins=state.opt_ins.erased(at_us)))
        case StandingTold():
            return state
        case LeadQualified():
            return replace(state, leads=with_entry(state.leads, event.brief, event))
        case LeadWithdrawn():
            return replace(
                state, leads={brief: lead for brief, lead in state.leads.items() if brief != event.brief}
            )
        case _:
            assert_never(event)


def tags(state: Leads) -> frozenset[str]:
    """A developer is found by each brief whose client they are introduced to: `brief/<id>`."""
    return frozenset(f"brief/{brief}" for brief in state.leads)


def decide(state: Leads, happened: Input) -> Sequence[Event]:
    """What an input tells about the developer, and the leads and the standing that come and go with it."""
    changes: list[Event] = []
    for fact in _facts(state, happened):
        after = evolve(state, fact)
        changes += [fact, *_told(state, after, fact), *_leads(after, happened.time_us)]
        state = after
    return changes


def _leads(state: Leads, now_us: int) -> list[Event]:
    """The leads that come and go."""
    changes: list[Event] = []
    for brief in sorted({*state.participations, *state.leads}):
        parts = state.participations.get(brief, ())
        lead = qualified(parts) if parts and state.opt_ins.stands and _agreed(state, brief) else None
        if lead is None and brief in state.leads:
            changes.append(LeadWithdrawn(brief, state.leads[brief].developer, now_us))
        elif lead is not None and lead != state.leads.get(brief):
            changes.append(lead)
    return changes


def _told(before: Leads, after: Leads, fact: Fact) -> list[Event]:
    """Tell a new session whether the developer's consent stands, or all of them that it no longer is as it was."""
    changed = before.opt_ins.stands != after.opt_ins.stands or isinstance(fact, ErasureNoted)
    sessions = after.sessions if changed else ()
    if isinstance(fact, SeatNoted):
        sessions = (fact.session,)
    stands, erased_at_us = after.opt_ins.stands, after.opt_ins.erased_at_us
    return [StandingTold(session, after.developer, stands, erased_at_us) for session in sessions]


def _facts(state: Leads, happened: Input) -> list[Fact]:
    """What is new in the input to this developer."""
    match happened.body:
        case OptInConfirmed(invitation=invitation):
            noted = OptInNoted(invitation)
            return [noted] if state.opt_ins.gained(invitation) != state.opt_ins else []
        case OptInRevoked(invitation=invitation, revoked_at_us=at_us):
            noted = OptInNoted(invitation, at_us)
            return [noted] if state.opt_ins.lost(invitation, at_us) != state.opt_ins else []
        case PartBegun(session=session, developer=developer):
            known = session in state.sessions or len(state.sessions) >= SESSIONS_MAX
            return [] if known else [SeatNoted(session, developer)]
        case ErasureRequested(developer=developer, requested_at_us=at_us):
            erased = state.opt_ins.erased(at_us) != state.opt_ins
            return [ErasureNoted(developer, at_us)] if erased else []
        case body:
            fact = _fact(state, body)
            return [] if fact is None else [fact]


def _fact(state: Leads, body: Event) -> Fact | None:
    """What the developer did, or agreed to; None when it is nothing new, or from before they were erased."""
    if state.opt_ins.forgets(_said_at_us(body)):
        return None
    match body:
        case PartTaken():
            known = sum(map(len, state.participations.values()))
            return ParticipationNoted(**asdict(body)) if known < PARTICIPATIONS_MAX else None
        case SeatAccepted(introduce=True):
            return IntroductionAgreed(body.developer, body.accepted_at_us, session=body.session)
        case ConsentGiven(purpose="introduction"):
            if len(state.answers) >= ANSWERS_MAX and (body.brief or ANY) not in state.answers:
                return None
            return IntroductionAgreed(body.developer, body.given_at_us, brief=body.brief)
        case ConsentWithdrawn(purpose="introduction"):
            full = len(state.answers) >= ANSWERS_MAX and body.brief not in state.answers
            return IntroductionRefused(
                body.developer, body.withdrawn_at_us, brief=None if full else body.brief
            )
        case ConsentWithdrawn(purpose="participation"):
            # Who takes no further part is introduced to nobody.
            return IntroductionRefused(body.developer, body.withdrawn_at_us)
        case _:
            return None


def _said_at_us(body: Event) -> int:
    """When the developer did or said it."""
    match body:
        case (
            PartTaken(last_at_us=at_us)
            | SeatAccepted(accepted_at_us=at_us)
            | ConsentGiven(given_at_us=at_us)
            | ConsentWithdrawn(withdrawn_at_us=at_us)
        ):
            return at_us
        case _:
            raise AssertionError(f"{body} is nothing that a developer does")


def _without(state: Leads) -> Leads:
    """The state without what is from before its developer was erased, but for the sessions, which are to be told."""
    old = state.opt_ins.forgets
    kept = {
        brief: tuple(part for part in parts if not old(part.last_at_us))
        for brief, parts in state.participations.items()
    }
    return replace(
        state,
        participations={brief: parts for brief, parts in kept.items() if parts},
        answers={scope: answer for scope, answer in state.answers.items() if not old(answer.at_us)},
        seats={session: at_us for session, at_us in state.seats.items() if not old(at_us)},
    )


def _agreed(state: Leads, brief: str) -> bool:
    """Whether the latest word on being introduced to the brief's client is yes."""
    seated = [
        Answer(state.seats[part.session], True)
        for part in state.participations[brief]
        if part.session in state.seats
    ]
    said = [state.answers[scope] for scope in (brief, ANY) if scope in state.answers]
    latest = max((*seated, *said), key=_weight, default=None)
    return latest is not None and latest.agreed


def _later(before: Answer | None, answer: Answer) -> Answer:
    return answer if before is None else max(before, answer, key=_weight)


def _weight(answer: Answer) -> tuple[int, bool]:
    """The later answer weighs more; of two at the same instant, the refusal."""
    return answer.at_us, not answer.agreed


LEADS: Decider[Leads] = Decider(
    fold=Fold("lead", Leads, Leads(), evolve, tags=tags),
    reads=(
        PartTaken,
        SeatAccepted,
        PartBegun,
        ConsentGiven,
        ConsentWithdrawn,
        OptInConfirmed,
        OptInRevoked,
        ErasureRequested,
    ),
    streams=streams,
    decide=decide,
)

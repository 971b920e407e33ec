"""Which clients a developer is introduced to, and why.

Reads PartTaken, SeatAccepted, ConsentGiven, ConsentWithdrawn. Emits ParticipationNoted, IntroductionAgreed,
IntroductionRefused, LeadQualified, LeadWithdrawn. Stream: `lead/<dev>`.

A lead needs two things, which may come in either order: a task done in a session of the client's brief, and a
standing agreement to be introduced. Agreement is given with a seat, for a brief, or in general; of these and of what
took them back the latest stands, and on a tie the refusal. Every input is followed by a fresh comparison of the leads
there should be with those there are, so that consent is checked whenever it could matter.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar, assert_never

from msgspec.structs import asdict, replace

from functions.aggregator.decide.points import qualified
from shared.domain.event import Event, Input
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, SeatAccepted
from shared.domain.results import (
    Answer,
    IntroductionAgreed,
    IntroductionRefused,
    LeadQualified,
    Leads,
    LeadWithdrawn,
    ParticipationNoted,
    PartTaken,
)
from shared.runtime.shapes import Decider, Fold

PARTICIPATIONS_MAX = 500
"""Sessions of one developer that can become leads; later ones do not."""
ANSWERS_MAX = 500
"""Briefs a developer may answer for one by one; a refusal beyond that is taken as one for all."""
SEATS_MAX = 500
"""Agreements given with a seat; the oldest lapse beyond that."""
ANY = "*"
V = TypeVar("V")

Fact = ParticipationNoted | IntroductionAgreed | IntroductionRefused
Emitted = Fact | LeadQualified | LeadWithdrawn


def streams(happened: Input) -> list[str]:
    """The developer that an input is about."""
    match happened.body:
        case PartTaken() | SeatAccepted() | ConsentGiven() | ConsentWithdrawn() as body:
            return [f"lead/{body.developer}"]
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
            return replace(state, participations=_with(state.participations, event.brief, tuple(noted)))
        case IntroductionAgreed(session=str() as session):
            agreed = {**state.seats, session: max(event.at_us, state.seats.get(session, event.at_us))}
            seats = sorted(agreed.items(), key=lambda seat: (seat[1], seat[0]))
            return replace(state, seats=dict(seats[-SEATS_MAX:]))
        case IntroductionAgreed() | IntroductionRefused():
            scope = event.brief or ANY
            answer = Answer(event.at_us, isinstance(event, IntroductionAgreed))
            return replace(
                state, answers=_with(state.answers, scope, _later(state.answers.get(scope), answer))
            )
        case LeadQualified():
            return replace(state, leads=_with(state.leads, event.brief, event))
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
    """What an input tells about the developer, and the leads that come and go with it."""
    fact = _fact(state, happened.body)
    if fact is None:
        return []
    after = evolve(state, fact)
    changes: list[Event] = [fact]
    for brief, parts in after.participations.items():
        lead = qualified(parts) if _agreed(after, brief) else None
        if lead is None and brief in after.leads:
            changes.append(LeadWithdrawn(brief, fact.developer, happened.time_us))
        elif lead is not None and lead != after.leads.get(brief):
            changes.append(lead)
    return changes


def _fact(state: Leads, body: Event) -> Fact | None:
    """What is new in the input, or None."""
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


def _with(mapping: Mapping[str, V], key: str, value: V) -> dict[str, V]:
    # Sorted, so that the order of arrival leaves no trace in the stored state.
    return dict(sorted({**mapping, key: value}.items()))


def _later(before: Answer | None, answer: Answer) -> Answer:
    return answer if before is None else max(before, answer, key=_weight)


def _weight(answer: Answer) -> tuple[int, bool]:
    """The later answer weighs more; of two at the same instant, the refusal."""
    return answer.at_us, not answer.agreed


LEADS: Decider[Leads] = Decider(
    fold=Fold("lead", Leads, Leads(), evolve, tags=tags),
    reads=(PartTaken, SeatAccepted, ConsentGiven, ConsentWithdrawn),
    streams=streams,
    decide=decide,
)

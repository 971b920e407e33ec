"""The catalogue of a brief, and what all its closed sessions say together.

Reads BriefOpened, CreativeAdded, SessionFormed, SessionClosed, SessionRevised. Emits BriefCatalogued, CreativeCatalogued,
SessionCatalogued, ResultPublished. Stream: `brief/<id>`.

A session's tasks are the creatives added before it was formed, by the instants in the events: a brief or a creative
that arrives here after the session makes the same catalogue as one that arrived before it.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from functions.aggregator.decide.tally import merged
from shared.domain.brief_results import (
    CREATIVES_MAX,
    SESSIONS_MAX,
    BriefCatalogued,
    BriefResult,
    CreativeCatalogued,
    ResultPublished,
    SessionCatalogued,
)
from shared.domain.event import Event, Input
from shared.domain.matches import SessionFormed
from shared.domain.requests import BriefOpened, CreativeAdded
from shared.domain.results import POINTS_EACH_MAX, SessionClosed, SessionRevised
from shared.runtime.shapes import Decider, Fold

AT_WORK_MAX = 50
"""Teams whose tasks a late brief or creative may still extend: the newest."""

Emitted = BriefCatalogued | CreativeCatalogued | SessionCatalogued | ResultPublished


def streams(happened: Input) -> list[str]:
    """The brief that an input is about."""
    match happened.body:
        case BriefOpened() | CreativeAdded() | SessionFormed() | SessionClosed() | SessionRevised() as body:
            return [f"brief/{body.brief}"]
        case _:
            return []


def evolve(state: BriefResult, event: Emitted) -> BriefResult:
    """The brief after `event`."""
    match event:
        case BriefCatalogued():
            return replace(state, catalogued=event)
        case CreativeCatalogued():
            creatives = sorted(
                (*state.creatives, event), key=lambda known: (known.added_at_us, known.creative)
            )
            return replace(state, creatives=tuple(creatives))
        case SessionCatalogued():
            others = (known for known in state.at_work if known.session != event.session)
            newest = sorted((*others, event), key=lambda known: (known.formed_at_us, known.session))[
                -AT_WORK_MAX:
            ]
            sessions = sorted({*state.sessions, event.session})
            return replace(state, sessions=tuple(sessions), at_work=tuple(newest))
        case ResultPublished():
            at_work = tuple(known for known in state.at_work if known.session not in event.sessions)
            return replace(state, result=event, at_work=at_work)
        case _:
            assert_never(event)


def tags(state: BriefResult) -> frozenset[str]:
    """A brief is found by its client."""
    return frozenset([state.catalogued.client] if state.catalogued else [])


def decide(state: BriefResult, happened: Input) -> Sequence[Event]:
    """What the brief makes of one input."""
    match happened.body:
        case BriefOpened() as brief if state.catalogued is None:
            known = BriefCatalogued(
                brief=brief.brief,
                client=brief.client,
                title=brief.title,
                question=brief.question,
                points_each=max(1, min(POINTS_EACH_MAX, brief.points_each)),
            )
            return [known, *_extended(evolve(state, known))]
        case CreativeAdded() as added:
            if len(state.creatives) >= CREATIVES_MAX or any(
                c.creative == added.creative for c in state.creatives
            ):
                return []
            creative = _creative(added, happened.time_us)
            return [creative, *_extended(evolve(state, creative))]
        case SessionFormed() as formed:
            if len(state.sessions) >= SESSIONS_MAX or formed.session in state.sessions:
                return []
            return [_with_tasks(state, _without_tasks(formed))]
        case SessionClosed() as closed:
            if state.result is not None and closed.session in state.result.sessions:
                return []
            return [merged(state, closed)]
        case SessionRevised() as revised:
            # A session closes before it is revised, and they are read in order; one never merged is left alone.
            merged_before = state.result is not None and revised.session in state.result.sessions
            return [merged(state, revised)] if merged_before else []
        case _:
            return []


def _creative(added: CreativeAdded, added_at_us: int) -> CreativeCatalogued:
    return CreativeCatalogued(
        brief=added.brief,
        creative=added.creative,
        kind=added.kind,
        label=added.label,
        added_at_us=added_at_us,
        text=added.text,
        blob=added.blob,
        media_type=added.media_type,
        width_px=added.width_px,
        height_px=added.height_px,
    )


def _without_tasks(formed: SessionFormed) -> SessionCatalogued:
    return SessionCatalogued(
        session=formed.session,
        brief=formed.brief,
        client=formed.client,
        seats=formed.seats,
        copies=(),
        images=(),
        points_each=None,
        formed_at_us=formed.formed_at_us,
        window_end_us=formed.window_end_us,
    )


def _with_tasks(state: BriefResult, session: SessionCatalogued) -> SessionCatalogued:
    """The session with the creatives that were added before it was formed, as far as they are known."""
    tasks = [creative for creative in state.creatives if creative.added_at_us <= session.formed_at_us]
    return replace(
        session,
        copies=tuple(task.creative for task in tasks if task.kind == "copy"),
        images=tuple(task.creative for task in tasks if task.kind == "image"),
        points_each=state.catalogued.points_each if state.catalogued else None,
    )


def _extended(state: BriefResult) -> list[SessionCatalogued]:
    """The teams at work whose tasks are no longer what they were told."""
    return [told for known in state.at_work if (told := _with_tasks(state, known)) != known]


BRIEFS: Decider[BriefResult] = Decider(
    fold=Fold("brief", BriefResult, BriefResult(), evolve, tags=tags),
    reads=(BriefOpened, CreativeAdded, SessionFormed),
    streams=streams,
    decide=decide,
)
# A session closes, and is then revised.
CLOSINGS: Decider[BriefResult] = Decider(
    fold=BRIEFS.fold, reads=(SessionClosed, SessionRevised), streams=streams, decide=decide, ordered=True
)

"""Standing: what double opt-ins and a developer's own participation open, and which entries may be used.

Reads OptInConfirmed, OptInRevoked, ConsentGiven, ConsentWithdrawn, EntryRecorded, WithholdingRequested,
ReleaseRequested. Emits StandingOpened, StandingClosed, EntryConfirmed, EntryWithheld, EntryReleased.
Stream: optin/<a>~<b>.

Openings and closings may come in any order and leave the same spans. EntryConfirmed does not: it announces,
once, that an entry was covered when it was handled. An entry handled before its opt-in is announced by
nothing, though it was received later; whether it may be used is what `Standing.permits` says to every reader.
Keeping every entry in wait would write an event for each entry of people who never opted in.
"""

from collections.abc import Callable

from msgspec.structs import replace

from shared.domain.entries import EntryRecorded
from shared.domain.event import Event, Input
from shared.domain.optins import (
    PARTICIPATION,
    EntryConfirmed,
    EntryReleased,
    EntryWithheld,
    OptInConfirmed,
    OptInRevoked,
    StandingClosed,
    StandingOpened,
    pair_stream,
)
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, ReleaseRequested, WithholdingRequested
from shared.domain.standing import Span, Standing
from shared.runtime.shapes import Decider, Fold

SPANS_MAX = 256
"""Spans kept of one pair; the longest closed goes first. While 256 are open, nothing more is opened."""
WITHHELD_MAX = 5_000
"""Entries one pair may have a word on (0.5 MB of state). Of more, those released longest ago are forgotten first;
while all are withheld, further requests are ignored."""


def _streams(arrived: Input) -> tuple[str, ...]:
    match arrived.body:
        case (
            EntryRecorded()
            | OptInConfirmed()
            | OptInRevoked()
            | WithholdingRequested()
            | ReleaseRequested() as body
        ):
            return (pair_stream(body.parties),) if body.parties else ()
        case (
            ConsentGiven(purpose="participation", brief=None)
            | ConsentWithdrawn(purpose="participation", brief=None) as body
        ):
            return (pair_stream((body.developer,)),)
        case _:
            return ()


def opened(spans: tuple[Span, ...], basis: str, from_us: int) -> tuple[Span, ...]:
    """The spans once `basis` opens at `from_us`."""
    if basis == PARTICIPATION:
        closings = [s.to_us for s in spans if s.basis == basis and s.to_us is not None and s.to_us >= from_us]
        return _bounded({*spans, Span(basis, from_us, min(closings, default=None))})
    known = next((span for span in spans if span.basis == basis), Span(basis, from_us))
    return _bounded({*spans} - {known} | {replace(known, from_us=min(known.from_us, from_us))})


def closed(spans: tuple[Span, ...], basis: str, to_us: int) -> tuple[Span, ...]:
    """The spans once `basis` closes at `to_us`; an empty span keeps a closing that came before its opening.

    An opt-in is closed for good. Participation closes what was opened until then, and may be given anew.
    """
    if basis == PARTICIPATION:
        shortened = (_until(s, to_us) if s.basis == basis and s.from_us <= to_us else s for s in spans)
        return _bounded({*shortened, Span(basis, to_us, to_us)})
    known = next((span for span in spans if span.basis == basis), Span(basis, to_us))
    return _bounded({*spans} - {known} | {_until(known, to_us)})


def _until(span: Span, to_us: int) -> Span:
    end_us = to_us if span.to_us is None else min(span.to_us, to_us)
    return replace(span, from_us=min(span.from_us, end_us), to_us=end_us)


def _bounded(spans: set[Span]) -> tuple[Span, ...]:
    in_order = sorted(spans, key=lambda s: (s.from_us, s.basis, s.to_us is None, s.to_us or 0))
    if len(in_order) > SPANS_MAX:
        ended = [span for span in in_order if span.to_us is not None]
        in_order.remove(min(ended, key=lambda s: (s.to_us or 0, s.basis)) if ended else in_order[-1])
    return tuple(in_order)


def worded(words: dict[str, dict[str, int]], entry: str, by: str, word_us: int) -> dict[str, dict[str, int]]:
    """The words once `by` says `word_us` of the entry: their last word counts, of two at one instant the withholding."""
    said = words.get(entry, {})
    last_us = max(said.get(by, 0), word_us, key=lambda word: (abs(word), word))
    after = {**words, entry: {**said, by: last_us}}
    if len(after) > WITHHELD_MAX:
        released = [one for one, each in after.items() if max(each.values()) <= 0]
        if not released:
            return words
        del after[min(released, key=lambda one: (max(map(abs, after[one].values())), one))]
    return after


def evolve(state: Standing, event: Event) -> Standing:
    """Keep spans and what is withheld."""
    match event:
        case StandingOpened(parties=parties, basis=basis, from_us=from_us):
            return replace(state, parties=parties, spans=opened(state.spans, basis, from_us))
        case StandingClosed(parties=parties, basis=basis, to_us=to_us):
            return replace(state, parties=parties, spans=closed(state.spans, basis, to_us))
        case EntryWithheld(parties=parties, entry=entry, by=by, at_us=at_us):
            return replace(state, parties=parties, words=worded(state.words, entry, by, max(1, at_us)))
        case EntryReleased(parties=parties, entry=entry, by=by, at_us=at_us):
            return replace(state, parties=parties, words=worded(state.words, entry, by, -at_us))
        case EntryConfirmed(parties=parties):
            return replace(state, parties=parties)
        case _:
            raise AssertionError(f"{event} is no event of a standing")


def decide(state: Standing, arrived: Input) -> list[Event]:
    """Open, close, confirm or withhold."""
    match arrived.body:
        case EntryRecorded() as entry:
            usable = state.permits(entry.hash, entry.received_at_us)
            return [EntryConfirmed(entry.hash, entry.parties)] if usable else []
        case OptInConfirmed(parties=parties, invitation=basis, confirmed_at_us=from_us, since_us=since_us):
            from_us = from_us if since_us is None else min(from_us, since_us)
            return _changed(state, opened, StandingOpened(_in_order(parties), basis, from_us))
        case OptInRevoked(parties=parties, invitation=basis, revoked_at_us=to_us):
            return _changed(state, closed, StandingClosed(_in_order(parties), basis, to_us))
        case ConsentGiven(developer=developer, given_at_us=from_us):
            return _changed(state, opened, StandingOpened((developer,), PARTICIPATION, from_us))
        case ConsentWithdrawn(developer=developer, withdrawn_at_us=to_us):
            return _changed(state, closed, StandingClosed((developer,), PARTICIPATION, to_us))
        case WithholdingRequested(developer=by, entry=entry, parties=parties):
            withheld = EntryWithheld(entry, _in_order(parties), by, arrived.time_us)
            return [withheld] if by in parties and evolve(state, withheld).words != state.words else []
        case ReleaseRequested(developer=by, entry=entry, parties=parties):
            released = EntryReleased(entry, _in_order(parties), by, arrived.time_us)
            return [released] if by in parties and evolve(state, released).words != state.words else []
        case _:
            return []


def _in_order(parties: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(parties)))


def _changed(
    state: Standing,
    step: Callable[[tuple[Span, ...], str, int], tuple[Span, ...]],
    event: StandingOpened | StandingClosed,
) -> list[Event]:
    """The event, unless it would leave the spans as they are."""
    at_us = event.from_us if isinstance(event, StandingOpened) else event.to_us
    return [event] if step(state.spans, event.basis, at_us) != state.spans else []


STANDING = Decider(
    Fold("optin", Standing, Standing(), evolve),
    (
        OptInConfirmed,
        OptInRevoked,
        ConsentGiven,
        ConsentWithdrawn,
        EntryRecorded,
        WithholdingRequested,
        ReleaseRequested,
    ),
    _streams,
    decide,
)

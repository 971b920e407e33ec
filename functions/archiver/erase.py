"""The archiver's last errand: let a developer be forgotten.

Reads ErasureRequested and Due. Emits ErasureBegun, SubjectErased. Stream: `erasure/<dev>`.

The receipt comes first, and is durable before anything is destroyed: whatever stops the errand after that, it is due
until it is done. Then the keys go, of the developer and of the logins they were known by, so that what was sealed for
them, wherever it lies, is noise; and with them the salt of their name in the public ledger. Raw bodies, which no key
seals, are deleted.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from shared.domain.archive import Erasure, ErasureBegun, SubjectErased
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event, Input
from shared.domain.instants import DAY_US
from shared.domain.requests import ErasureRequested
from shared.ports.views import Views
from shared.runtime.shapes import Errand, Fold, Gateways

PREFIX = "erasure"
BODIES_US_MAX = 31 * DAY_US
"""Raw bodies are older than this nowhere."""
ENTRIES_MAX = 100_000
"""Entries of one developer looked at; the bodies of more expire by themselves."""
PAGE = 500
_SENT = "delivery/github/"
"""Other senders' deliveries are about nobody whom the House knows."""


def evolve(state: Erasure, event: Event) -> Erasure:
    """How far it has come."""
    match event:
        case ErasureBegun():
            return Erasure(begun=event)
        case SubjectErased(erased_at_us=at_us):
            return replace(state, erased_at_us=at_us)
        case _:
            raise AssertionError(f"{event} is no event of an erasure")


def due(state: Erasure) -> int | None:
    """At once, and until it is done."""
    return state.begun.begun_at_us if state.begun and state.erased_at_us is None else None


def _streams(arrived: Input) -> tuple[str, ...]:
    body = arrived.body
    return (f"{PREFIX}/{body.developer}",) if isinstance(body, ErasureRequested) else ()


async def act(state: Erasure, happened: Input, gateways: Gateways) -> Sequence[Event]:
    """Receipt it, or carry it out, off the event loop. A second wish after it is done is carried out again."""
    match happened.body:
        case ErasureRequested() as asked if due(state) is None:
            return [ErasureBegun(asked.developer, asked.handles, happened.time_us)]
        case Due() if state.begun is not None:
            return [await asyncio.to_thread(_erase, state.begun, happened.time_us, gateways)]
        case _:
            return []


def _erase(begun: ErasureBegun, now_us: int, gateways: Gateways) -> SubjectErased:
    for subject in (begun.developer, *begun.handles):
        gateways.seals.destroy(subject)
    deliveries = sorted(set(islice(_deliveries(begun.developer, now_us, gateways.views), ENTRIES_MAX)))
    gateways.bodies.forget([_SENT + digest for digest in deliveries])
    return SubjectErased(begun.developer, len(deliveries), now_us)


def _deliveries(developer: str, now_us: int, views: Views) -> Iterator[str]:
    """The digests of deliveries whose raw bodies may be about them."""
    before: int | None = None
    while page := views.states("eventlog", f"party:{developer}", before, PAGE):
        for view in page:
            if view.recorded_us < now_us - BODIES_US_MAX:
                return
            if view.stream.startswith("entry/"):
                yield msgspec.json.decode(view.state, type=EntryRecorded).delivery
        before = page[-1].cursor


ERASE: Errand[Erasure] = Errand(
    fold=Fold(PREFIX, Erasure, Erasure(), evolve, due),
    reads=(ErasureRequested, Due),
    streams=_streams,
    act=act,
)

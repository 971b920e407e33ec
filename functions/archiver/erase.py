"""The archiver's last errand: let a developer be forgotten.

Reads ErasureRequested and Due. Emits ErasureBegun, SubjectErased. Stream: `erasure/<dev>`.

The receipt comes first, and is durable before anything is destroyed: whatever stops the errand after that, it is due
until it is done. Then the keys go, of the developer and of the logins they were known by, so that what was sealed for
them, wherever it lies, is noise; and with them the salt of their name in the public ledger. Raw bodies, which their
keys do not seal, are deleted: those that their entries came from, and those of invitations to them.
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
from shared.domain.optins import Invitation
from shared.domain.requests import ErasureRequested
from shared.ports.store import View
from shared.ports.views import Views
from shared.runtime.shapes import Errand, Fold, Gateways

PREFIX = "erasure"
BODIES_US_MAX = 31 * DAY_US
"""Raw bodies are older than this nowhere."""
ENTRIES_MAX = 100_000
"""Entries, and invitations, of one developer looked at; the bodies of more expire by themselves."""
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
    since_us, views = now_us - BODIES_US_MAX, gateways.views
    own = islice(_recent("eventlog", begun.developer, since_us, views), ENTRIES_MAX)
    invitations = islice(_recent("optin", begun.developer, since_us, views), ENTRIES_MAX)
    deliveries = {_delivery(view) for view in own} | {_inviting(view, views) for view in invitations}
    about = sorted(filter(None, deliveries))
    gateways.bodies.forget([f"{_SENT}{digest}" for digest in about])
    return SubjectErased(begun.developer, len(about), now_us)


def _recent(function: str, developer: str, since_us: int, views: Views) -> Iterator[View]:
    """What a function recorded of them since then, newest first."""
    before: int | None = None
    while page := views.states(function, f"party:{developer}", before, PAGE):
        for view in page:
            if view.recorded_us < since_us:
                return
            yield view
        before = page[-1].cursor


def _delivery(entry: View) -> str | None:
    """The digest of the delivery that an entry came with."""
    if not entry.stream.startswith("entry/"):
        return None
    return msgspec.json.decode(entry.state, type=EntryRecorded).delivery


def _inviting(invitation: View, views: Views) -> str | None:
    """The digest of the delivery that brought an invitation, which names whom it is to."""
    if not invitation.stream.startswith("invitation/"):
        return None
    invited = msgspec.json.decode(invitation.state, type=Invitation).invited
    entry = views.state("eventlog", f"entry/{invited.entry}") if invited else None
    return _delivery(entry) if entry else None


ERASE: Errand[Erasure] = Errand(
    fold=Fold(PREFIX, Erasure, Erasure(), evolve, due),
    reads=(ErasureRequested, Due),
    streams=_streams,
    act=act,
)

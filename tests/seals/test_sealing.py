"""Personal text is sealed when it is recorded, folded sealed, and opened for readers and errands alone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Struct

from shared.adapters.keyring import SEALED, Keyring
from shared.adapters.memory import ManualClock, MemoryBucket, MemoryBus, MemoryStore
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.event import Event, Recorded, all_types, event, of, personal_of
from shared.runtime.edge import Submission
from shared.runtime.sealing import ERASED, opened, opened_event, sealed
from shared.runtime.shapes import Fold, Function, Intake
from shared.runtime.shell import Ports, Shell
from tests.given import HOUSE, NOW_US
from tests.optin.engine import Engine


@event("house.sealtoy.met.v1")
class Met(Event, frozen=True):
    """Two people met."""

    who: str
    place: str
    names: tuple[Annotated[str, of("pair")], ...] = ()
    pair: tuple[str, ...] = ()
    name: Annotated[str, of("who")] | None = None


class Album(Struct, frozen=True):
    """All of somebody's meetings, in every kind of container a state may have."""

    last: Met | None = None
    all: tuple[Met, ...] = ()
    by_place: dict[str, Met] = {}


def evolve(state: Album, met: Met) -> Album:
    return Album(met, (*state.all, met), {**state.by_place, met.place: met})


MET = Met("dev_ann", "the park", ("Ann A", "Bob B"), ("dev_ann", "dev_bob"), "Ann A")
FOLD = Fold("album", Album, Album(), evolve)
FUNCTION = Function("sealtoy", "toys", (Intake((), lambda _: _nothing, folds=(FOLD,)),))


async def _nothing(*_: Any) -> None:
    """Answer nothing."""


class Toy:
    """One shell on memory."""

    def __init__(self) -> None:
        self.store, self.seals = MemoryStore(), Keyring(MemoryVault(), LocalWrapping(bytes(32)))
        ports = Ports(self.store, MemoryBus(), MemoryBucket(), ManualClock(NOW_US), HOUSE, self.seals)
        self.shell = Shell(FUNCTION, ports)

    def meet(self, n: int, met: Met = MET) -> list[Recorded]:
        stream = "album/ann"
        [receipt] = self.shell.accept([Submission(f"{n:032x}", f"{n:032x}", NOW_US, ((stream, met),))])
        return list(receipt.events)

    def album(self) -> tuple[bytes, Album]:
        view = self.store.state("sealtoy", "album/ann")
        assert view is not None
        return view.state, opened(msgspec.json.decode(view.state, type=Album), self.seals)


def test_what_is_kept_holds_no_personal_text_and_readers_see_all_of_it() -> None:
    toy = Toy()
    [met] = toy.meet(1)
    state, album = toy.album()
    for kept in (met.data, state):
        assert b"Ann" not in kept
        assert b"Bob" not in kept
        assert SEALED.encode() in kept
        assert b"the park" in kept
    assert album == Album(MET, (MET,), {"the park": MET})
    assert msgspec.json.decode(opened_event(met, toy.seals).data, type=Met) == MET


def test_states_folded_again_from_events_are_the_same_bytes_whether_or_not_a_key_is_gone() -> None:
    toy = Toy()
    events = [event for n in range(3) for event in toy.meet(n)]
    toy.seals.destroy("dev_ann")
    events += toy.meet(4)
    folded = Album()
    for one in events:
        folded = evolve(folded, msgspec.json.decode(one.data, type=Met))
    assert toy.album()[0] == msgspec.json.Encoder(order="deterministic").encode(folded)


def test_of_whom_the_key_is_gone_nothing_is_read_or_written_again() -> None:
    toy = Toy()
    toy.meet(1)
    toy.seals.destroy("dev_ann")
    [after] = toy.meet(2)
    assert b"Ann" not in after.data
    gone = Met("dev_ann", "the park", (ERASED, "Bob B"), ("dev_ann", "dev_bob"), ERASED)
    assert toy.album()[1].all == (gone, gone)


def test_a_token_that_is_carried_on_stays_what_it_is() -> None:
    seals = Keyring(MemoryVault(), LocalWrapping(bytes(32)))
    once = sealed(MET, seals)
    assert sealed(once, seals) == once
    assert opened(once, seals) == MET


@pytest.mark.parametrize("kind", all_types(), ids=lambda kind: kind.name)
def test_every_personal_field_names_its_subject(kind: Any) -> None:
    names = {field.name for field in msgspec.structs.fields(kind.body)}
    assert set(personal_of(kind.body).values()) <= names


def test_nothing_an_entry_keeps_tells_of_whoever_made_it() -> None:
    house = Engine()
    # As GitHub names the branches of its own editor.
    house.push("alice", "tidy up", ref="refs/heads/alice-patch-1")
    [entry] = house.of("/api/entries")["entries"]
    assert (entry["ref"], entry["repository"]) == ("refs/heads/alice-patch-1", "alice/work")
    kept = [event.data for event in house.store.log if event.stream.startswith("entry/")]
    assert len(kept) == 1
    assert b"alice" not in kept[0]

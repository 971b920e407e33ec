"""How checkpoints are made of what was sealed: in few packs, the same after a crash, and not for nothing."""

from pathlib import Path

import msgspec
import pytest

from functions.archiver.ledger import IN_VAIN_SEGMENTS_MAX, RETIRED_US_MAX
from shared.domain.archive import CheckpointPublished, SegmentsRead
from shared.domain.event import Event
from shared.domain.segments import Tampered
from tests.ledger.publishing import ADA, Publishing, entered, read, some


def test_nothing_new_makes_nothing() -> None:
    at, _ = entered(2)
    state = at.publish()
    names = sorted(at.bucket.names("ledger/"))
    for _ in range(2 * IN_VAIN_SEGMENTS_MAX):
        assert not [event for event in at.errand() if isinstance(event, CheckpointPublished)]
    assert msgspec.structs.replace(at.state, segments=state.segments) == state
    assert sorted(at.bucket.names("ledger/")) == names


def test_segments_that_hold_nothing_to_publish_are_not_read_for_ever() -> None:
    at = Publishing()
    found: list[Event] = []
    for n in range(IN_VAIN_SEGMENTS_MAX + 2):
        at.enter(some(1, n))
        at.settle()
        found += at.errand()
    assert [event for event in found if isinstance(event, SegmentsRead)] == [
        SegmentsRead(IN_VAIN_SEGMENTS_MAX)
    ]
    assert at.state.segments == IN_VAIN_SEGMENTS_MAX


def test_the_ledger_keeps_its_name_when_the_house_moves(tmp_path: Path) -> None:
    at = Publishing(origin="https://house.example:8443/first+house")
    at.agree(ADA)
    at.enter(some(1))
    at.publish()
    at.start("https://elsewhere.example")
    at.enter(some(1, 1))
    at.publish()
    assert {head.checkpoint.origin for head in read(at, tmp_path).heads} == {
        "house.example:8443/first%2Bhouse"
    }


def test_packs_stay_few_and_absorbed_ones_go_after_a_day(tmp_path: Path) -> None:
    at = Publishing()
    at.agree(ADA)
    for n in range(20):
        at.enter(some(1, n))
        at.publish()
    state = at.state
    assert state.size == 20
    assert len(state.packs) <= 5
    assert all(
        one.objects >= 2 * other.objects for one, other in zip(state.packs, state.packs[1:], strict=False)
    )
    assert at.bucket.get(f"ledger/objects/pack/pack-{state.retired[0].name}.pack")
    at.clock.move(RETIRED_US_MAX)
    at.enter(some(1, 20))
    at.publish()
    kept = {one.name for one in (*at.state.packs, *at.state.retired)}
    assert {name.split("pack-")[1].split(".")[0] for name in at.bucket.names("ledger/")} == kept
    assert len(read(at, tmp_path).names) == 21


def test_a_crash_between_pack_and_event_leaves_a_pack_that_nobody_is_told_of(tmp_path: Path) -> None:
    at, entries = entered(2)
    at.settle()
    at.errand()
    # The errand runs, and the node stops before what it says is recorded.
    lost = at.lost()
    assert len(lost) == 1
    at.withhold(entries[0])
    state = at.publish()
    assert read(at, tmp_path).names == (entries[1].hash,)
    assert isinstance(lost[0], CheckpointPublished)
    assert lost[0].pack not in [kept.name for kept in (*state.packs, *state.retired)]


def test_the_same_errand_again_makes_the_same_bytes() -> None:
    at, _ = entered(2)
    at.settle()
    at.errand()
    once, twice = (at.lost() for _ in range(2))
    assert once == twice != []
    assert len([*at.bucket.names("ledger/objects/pack/")]) == 2


def test_a_segment_that_is_not_what_was_sealed_stops_the_ledger() -> None:
    at, _ = entered(2)
    at.settle()
    at.errand()
    name = next(name for name in at.bucket.names("segments/") if name.endswith(".zz"))
    at.bucket.delete(name)
    with pytest.raises(Tampered, match="is missing"):
        at.errand()

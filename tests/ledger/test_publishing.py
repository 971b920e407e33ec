"""What is published is what may be known in public at that moment, once, whatever happened before in which order."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.archive import CheckpointPublished, Ledger, SegmentSealed
from shared.domain.instants import MINUTE_US, SECOND_US
from tests.given import NOW_US
from tests.ledger.publishing import ADA, Publishing, entered, entry_of, git, read, some


def test_confirmed_entries_are_published_and_git_agrees(tmp_path: Path) -> None:
    at, entries = entered(3)
    state = at.publish()
    assert (state.checkpoints, state.size) == (1, 3)
    assert read(at, tmp_path).names == tuple(entry.hash for entry in entries)
    repository = tmp_path / "ledger.git"
    assert git(repository, "fsck", "--strict", "--no-progress") == ""
    assert git(repository, "ls-tree", "-r", "--name-only", "main") == "checkpoint"
    assert git(repository, "show", "main:checkpoint") == state.note.strip()
    assert git(repository, "log", "--format=%an %ae", "main").splitlines()[0] == "House house@invalid"


def test_nothing_is_published_of_who_did_not_agree(tmp_path: Path) -> None:
    at = Publishing()
    at.enter(some(3))
    assert at.publish() == Ledger()


def test_what_is_withheld_before_the_checkpoint_is_not_in_it(tmp_path: Path) -> None:
    at, entries = entered(3)
    at.settle()
    at.withhold(entries[1])
    at.publish()
    assert read(at, tmp_path).names == (entries[0].hash, entries[2].hash)


def test_what_is_released_is_published_then(tmp_path: Path) -> None:
    at, entries = entered(2)
    at.settle()
    at.withhold(entries[0])
    at.publish()
    at.clock.move(SECOND_US)
    at.release(entries[0])
    at.publish()
    assert read(at, tmp_path).names == (entries[1].hash, entries[0].hash)


def test_who_left_before_the_checkpoint_is_not_in_it() -> None:
    at, _ = entered(3)
    at.settle()
    at.clock.move(MINUTE_US)
    at.leave(ADA)
    assert at.publish() == Ledger()


def test_what_was_published_stays_when_it_is_withheld_later(tmp_path: Path) -> None:
    at, entries = entered(2)
    before = at.publish()
    at.withhold(entries[0])
    assert at.publish() == before


def test_an_entry_recorded_before_its_standing_was_opened_is_found(tmp_path: Path) -> None:
    at, entries = Publishing(), some(2)
    at.enter(entries)
    at.publish()
    assert at.state == Ledger()
    at.agree(ADA, NOW_US)
    at.publish()
    assert read(at, tmp_path).names == tuple(entry.hash for entry in entries)


def test_what_is_named_again_is_not_published_again(tmp_path: Path) -> None:
    at, entries = entered(2)
    before = at.publish()
    at.withhold(entries[0])
    at.publish()
    at.clock.move(SECOND_US)
    at.release(entries[0])
    at.agree(ADA, NOW_US - SECOND_US)
    assert at.publish() == before
    at.enter(some(1, 2))
    at.publish()
    assert len(read(at, tmp_path).names) == 3


def test_a_kind_with_lines_of_its_own_cannot_spoil_the_ledger(tmp_path: Path) -> None:
    at = Publishing()
    forged = entry_of(1, ADA, kind="star\nanchor: " + "f" * 40)
    sound = entry_of(2, ADA)
    at.agree(ADA)
    at.enter([forged, sound])
    at.publish()
    assert read(at, tmp_path).names == (sound.hash,)


def test_what_is_sealed_in_a_minute_is_published_in_the_next_at_the_earliest() -> None:
    """Whichever of the two errands is run first: there is a minute in which to withhold."""
    at = Publishing()
    at.agree(ADA)
    at.enter([entry_of(1, ADA)])
    at.settle()
    assert [type(event) for event in at.errand()] == [SegmentSealed]
    assert [type(event) for event in at.errand()] == [CheckpointPublished]


# -- any order


FACTS = ("agree", "agree before", "leave", "enter 0", "enter 1", "enter 2", "withhold 1", "settle")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(FACTS))
def test_the_order_in_which_facts_arrive_before_a_checkpoint_does_not_matter(order: list[str]) -> None:
    """Time stands still, so that an order says nothing but who was heard of first."""
    assert published([*order]) == published([*FACTS])


def published(facts: list[str]) -> tuple[str, ...]:
    at, entries = Publishing(), some(3)
    for fact in facts:
        match fact.split():
            case ["agree"]:
                at.agree(ADA, NOW_US + SECOND_US)
            case ["agree", "before"]:
                at.agree(ADA, NOW_US - 2 * MINUTE_US)
            case ["leave"]:
                at.clock.move(-MINUTE_US)
                at.leave(ADA)
                at.clock.move(MINUTE_US)
            case ["enter", number]:
                at.enter([entries[int(number)]])
            case ["withhold", number]:
                at.withhold(entries[int(number)])
            case _:
                at.settle()
    at.publish()
    state = at.state
    return (state.note, str(state.size), state.commit)

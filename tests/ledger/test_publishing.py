"""What is published is what may be known in public at that moment, once, whatever happened before in which order."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.archiver.ledger import IN_VAIN_SEGMENTS_MAX, RETIRED_US_MAX
from shared.adapters.ledger_copy import LedgerCopy
from shared.domain import ledger
from shared.domain.archive import CheckpointPublished, Ledger, SegmentSealed, SegmentsRead
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import EntryFacts, entry_facts, entry_hash
from shared.domain.event import Event
from shared.domain.identity import subject
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.domain.notes import key_of
from shared.domain.optin_commit import OptInFacts, optin_facts
from shared.domain.segments import Tampered
from tests.given import NOW_US
from tests.ledger.publishing import Publishing, entry_of, git, laid_out
from tests.optin import said

ADA, BOB = "dev_" + "a" * 20, "dev_" + "b" * 20


def read(at: Publishing, folder: Path) -> ledger.History:
    """The ledger, read as anybody reads it."""
    folder.mkdir(exist_ok=True)
    copy = LedgerCopy(laid_out(at.state, at.bucket, folder))
    history = ledger.read(copy.main, copy.fetch)
    ledger.check_signatures(history.heads, [key_of(at.state.key)])
    return history


def some(count: int, first: int = 0, actor: str = ADA) -> list[EntryRecorded]:
    return [entry_of(first + n, actor, at_us=NOW_US + (first + n) * SECOND_US) for n in range(count)]


def test_confirmed_entries_are_published_and_git_agrees(tmp_path: Path) -> None:
    at, entries = Publishing(), some(3)
    at.agree(ADA)
    at.enter(entries)
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
    at, entries = Publishing(), some(3)
    at.agree(ADA)
    at.enter(entries)
    at.settle()
    at.withhold(entries[1])
    at.publish()
    assert read(at, tmp_path).names == (entries[0].hash, entries[2].hash)


def test_what_is_released_is_published_then(tmp_path: Path) -> None:
    at, entries = Publishing(), some(2)
    at.agree(ADA)
    at.enter(entries)
    at.settle()
    at.withhold(entries[0])
    at.publish()
    at.clock.move(SECOND_US)
    at.release(entries[0])
    at.publish()
    assert read(at, tmp_path).names == (entries[1].hash, entries[0].hash)


def test_who_left_before_the_checkpoint_is_not_in_it() -> None:
    at = Publishing()
    at.agree(ADA)
    at.enter(some(3))
    at.settle()
    at.clock.move(MINUTE_US)
    at.leave(ADA)
    assert at.publish() == Ledger()


def test_what_was_published_stays_when_it_is_withheld_later(tmp_path: Path) -> None:
    at, entries = Publishing(), some(2)
    at.agree(ADA)
    at.enter(entries)
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
    at, entries = Publishing(), some(2)
    at.agree(ADA)
    at.enter(entries)
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


def test_nothing_new_makes_nothing() -> None:
    at = Publishing()
    at.agree(ADA)
    at.enter(some(2))
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


def test_a_kind_with_lines_of_its_own_cannot_spoil_the_ledger(tmp_path: Path) -> None:
    at = Publishing()
    forged = entry_of(1, ADA, kind="star\nanchor: " + "f" * 40)
    sound = entry_of(2, ADA)
    at.agree(ADA)
    at.enter([forged, sound])
    at.publish()
    assert read(at, tmp_path).names == (sound.hash,)


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
    at, entries = Publishing(), some(2)
    at.agree(ADA)
    at.enter(entries)
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
    at = Publishing()
    at.agree(ADA)
    at.enter(some(2))
    at.settle()
    at.errand()
    once, twice = (at.lost() for _ in range(2))
    assert once == twice != []
    assert len([*at.bucket.names("ledger/objects/pack/")]) == 2


def test_a_segment_that_is_not_what_was_sealed_stops_the_ledger() -> None:
    at = Publishing()
    at.agree(ADA)
    at.enter(some(2))
    at.settle()
    at.errand()
    name = next(name for name in at.bucket.names("segments/") if name.endswith(".zz"))
    at.bucket.delete(name)
    with pytest.raises(Tampered, match="is missing"):
        at.errand()


# -- opt-ins


def spoken(entry: EntryRecorded) -> EntryRecorded:
    return msgspec.structs.replace(entry, hash=entry_hash(entry))


def opted_in(at: Publishing) -> tuple[EntryRecorded, EntryRecorded]:
    """Alice invites, Bob accepts."""
    invitation, response = spoken(said.invite()), spoken(said.accept(received_at_us=NOW_US + SECOND_US))
    at.enter([invitation, response])
    at.settle()
    at.clock.move(MINUTE_US)
    while at.shells["optin"].tick(at.clock.now_us()):
        at.settle()
    return invitation, response


def test_an_opt_in_merges_the_entries_of_invitation_and_response(tmp_path: Path) -> None:
    at = Publishing()
    invitation, response = opted_in(at)
    at.publish()
    history = read(at, tmp_path)
    assert history.names[:2] == (invitation.hash, response.hash)
    assert (len(history.names), history.opt_ins) == (3, 1)
    repository = tmp_path / "ledger.git"
    assert git(repository, "fsck", "--strict", "--no-progress") == ""
    assert (
        git(repository, "show", "-s", "--format=%P", history.names[2]) == f"{invitation.hash} {response.hash}"
    )
    message = git(repository, "show", "-s", "--format=%B", history.names[2])
    assert f"inviter: {name(at, said.ALICE)}\n" in message
    assert f"invitee: {name(at, said.BOB)}\n" in message


def name(at: Publishing, developer: str) -> str:
    salt = at.seals.salt(developer)
    assert salt is not None
    return subject(salt, developer)


def test_an_opt_in_of_somebody_who_is_erased_is_not_published_any_more() -> None:
    at = Publishing()
    opted_in(at)
    at.seals.destroy(said.BOB)
    at.publish()
    assert at.state.size == 0


def test_nobody_is_named_in_anything_that_is_published(tmp_path: Path) -> None:
    at = Publishing()
    opted_in(at)
    at.agree(ADA)
    at.enter(some(2, 5))
    at.publish()
    read(at, tmp_path)
    everything = git(tmp_path / "ledger.git", "log", "-p", "--format=raw", "main")
    for person in ("dev_", "alice", "bob"):
        assert person not in everything


def test_a_revoked_opt_in_is_not_published() -> None:
    at = Publishing()
    opted_in(at)
    at.enter([spoken(said.revoke(received_at_us=NOW_US + MINUTE_US))])
    assert at.publish() == Ledger()


def test_an_opt_in_with_a_withheld_entry_is_not_published() -> None:
    at = Publishing()
    invitation, _ = opted_in(at)
    at.withhold(invitation)
    assert at.publish() == Ledger()


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


# -- commits


OPT_IN = OptInFacts(
    invitation="1" * 40,
    response="2" * 40,
    purpose="sprint-match/1",
    terms="sha256:" + "ab" * 32,
    grade="platform",
    inviter="sub_" + "a" * 20,
    invitee="sub_" + "b" * 20,
    invited_at_us=NOW_US,
    responded_at_us=NOW_US + 1,
    confirmed_at_us=NOW_US + 1,
)


def test_an_opt_in_is_made_again_from_its_own_facts() -> None:
    assert optin_facts(OPT_IN.raw) == OPT_IN


@pytest.mark.parametrize(
    ("this", "that"),
    [
        (b"inviter: sub_", b"inviter: dev_"),
        (b"platform", b"certain"),
        (b"parent " + b"2" * 40 + b"\n", b""),
        (b"responded: ", b"responded:  "),
        (b"invited: 2026-03-02T09:00:00Z", b"invited: 2026-03-02T09:00:00.000Z"),
        (b"House <house@invalid>", b"Mouse <house@invalid>"),
    ],
)
def test_an_opt_in_that_its_facts_do_not_make_is_refused(this: bytes, that: bytes) -> None:
    assert this in OPT_IN.raw
    with pytest.raises(ValueError, match=r"not an|do not make|not a commit|RFC 3339"):
        optin_facts(OPT_IN.raw.replace(this, that))


@given(
    st.integers(0, 2**45),
    st.integers(-(2**40), 2**52),
    st.from_regex(r"[a-z][a-z0-9._/:-]{0,60}", fullmatch=True),
    st.integers(0, 2047),
)
def test_every_entry_is_made_again_from_its_own_facts(
    received: int, committed: int, kind: str, ordinal: int
) -> None:
    facts = EntryFacts(kind, received, "ab" * 32, ordinal, "c" * 40, committed)
    assert entry_facts(facts.raw) == facts
    with pytest.raises(ValueError, match=r"not an entry's|do not make"):
        entry_facts(facts.raw + b"\n")


def test_what_is_sealed_in_a_minute_is_published_in_the_next_at_the_earliest() -> None:
    """Whichever of the two errands is run first: there is a minute in which to withhold."""
    at = Publishing()
    at.agree(ADA)
    at.enter([entry_of(1, ADA)])
    at.settle()
    assert [type(event) for event in at.errand()] == [SegmentSealed]
    assert [type(event) for event in at.errand()] == [CheckpointPublished]

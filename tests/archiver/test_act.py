"""The archiver's errand: everything is put away once, whatever happens in between."""

import asyncio
import zlib
from pathlib import Path

import pytest

from functions.archiver.act import ARCHIVE, PAGE, SEGMENTS_MAX
from functions.archiver.main import FUNCTION
from shared.adapters.filesystem import FilesystemBucket
from shared.adapters.memory import MemoryBucket
from shared.domain.archive import Segments, SegmentSealed
from shared.domain.event import Recorded, Scheduled
from shared.domain.segments import (
    EVENTS_MAX,
    Tampered,
    from_manifest,
    verify_chain,
)
from shared.ports.bucket import Bucket
from shared.ports.web import Page
from tests.archiver.log import ListedLog, recorded, sealing
from tests.given import NOW_US, arriving
from tests.outside import gateways


class NoWeb:
    """The archiver has no business outside."""

    async def get(self, url: str, headers: object = None) -> Page:
        raise AssertionError(url)

    async def post_json(self, url: str, body: bytes, headers: object = None) -> Page:
        raise AssertionError(url)


def act(log: ListedLog, bucket: Bucket, state: Segments | None = None) -> list[SegmentSealed]:
    outside = gateways(NoWeb(), log, bucket)

    async def errand() -> list[SegmentSealed]:
        made = await ARCHIVE.act(state or Segments(), arriving(Scheduled(NOW_US)), outside)
        return [event for event in made if isinstance(event, SegmentSealed)]

    return asyncio.run(errand())


def after(*sealed: SegmentSealed) -> Segments:
    state = Segments()
    for event in sealed:
        state = ARCHIVE.fold.evolve(state, event)
    return state


def archived(bucket: Bucket, chain: str | None = None) -> list[Recorded]:
    """What a rebuild finds in the bucket alone."""
    names = [name for name in bucket.names("segments/") if name.endswith(".json")]
    return list(verify_chain((from_manifest(bucket.get(name) or b"") for name in names), bucket.get, chain))


def log_of(count: int) -> ListedLog:
    log = ListedLog()
    log.gain(count)
    return log


def test_the_archiver_writes_the_archive_and_wakes_by_itself() -> None:
    assert (FUNCTION.writes, ARCHIVE.every_s) == ("archive", 60)


def test_the_log_is_put_away_and_can_be_read_back_from_the_bucket_alone(tmp_path: Path) -> None:
    log, bucket = log_of(1_234), FilesystemBucket(tmp_path)
    (sealed,) = act(log, bucket)
    assert (sealed.first, sealed.last, sealed.events, sealed.sealed_at_us) == (1, 1_234, 1_234, NOW_US)
    assert archived(bucket, sealed.chain) == log.events


def test_an_empty_log_makes_no_segment() -> None:
    assert act(ListedLog(), MemoryBucket()) == []


def test_a_segment_follows_on_the_one_before() -> None:
    log, bucket = log_of(3), MemoryBucket()
    first = act(log, bucket)
    log.gain(4)
    second = act(log, bucket, after(*first))
    assert [(sealed.first, sealed.last) for sealed in (*first, *second)] == [(1, 3), (4, 7)]
    assert after(*first, *second) == Segments(2, 7, second[0].chain)
    assert archived(bucket, second[0].chain) == log.events


def test_word_of_its_own_sealing_alone_is_not_sealed() -> None:
    log, bucket = log_of(3), MemoryBucket()
    (sealed,) = act(log, bucket)
    log.events.append(sealing(4, sealed))
    assert act(log, bucket, after(sealed)) == []
    log.gain(1)
    (following,) = act(log, bucket, after(sealed))
    assert (following.first, following.last) == (4, 5)


def test_a_long_log_is_sealed_in_several_segments_a_page_at_a_time() -> None:
    log, bucket = log_of(2 * EVENTS_MAX + 1), MemoryBucket()
    sealed = act(log, bucket)
    assert [event.events for event in sealed] == [EVENTS_MAX, EVENTS_MAX, 1]
    assert log.asked <= PAGE
    assert len(archived(bucket, sealed[-1].chain)) == 2 * EVENTS_MAX + 1


def test_one_errand_seals_a_limited_number_of_segments() -> None:
    large = b'"' + b"x" * 9 * 2**20 + b'"'
    log = ListedLog(recorded(n + 1, large) for n in range(2 * SEGMENTS_MAX + 2))
    sealed = act(log, MemoryBucket())
    assert len(sealed) == SEGMENTS_MAX
    assert sealed[-1].last == 2 * SEGMENTS_MAX


def test_gaps_in_the_positions_are_kept() -> None:
    log, bucket = ListedLog(recorded(position) for position in (3, 4, 9, 20)), MemoryBucket()
    (sealed,) = act(log, bucket)
    assert (sealed.first, sealed.last, sealed.events) == (3, 20, 4)
    assert archived(bucket) == log.events


def test_a_segment_whose_event_was_lost_in_a_crash_is_sealed_again_just_the_same() -> None:
    log, bucket = log_of(5), MemoryBucket()
    (lost,) = act(log, bucket)
    log.gain(3)
    again = act(log, bucket)
    assert again[0] == lost
    assert (again[1].first, again[1].last) == (6, 8)
    assert archived(bucket, again[1].chain) == log.events


def test_a_crash_between_segment_and_manifest_leaves_no_gap() -> None:
    log, bucket = log_of(5), MemoryBucket()
    (lost,) = act(log, bucket)
    bucket.delete(lost.blob.replace(".jsonl.zz", ".json"))
    log.gain(3)
    sealed = act(log, bucket)
    assert archived(bucket, sealed[-1].chain) == log.events


def test_the_same_lines_from_another_compressor_are_accepted() -> None:
    log, bucket = log_of(50), MemoryBucket()
    (sealed,) = act(log, bucket)
    plain = zlib.decompress(bucket.get(sealed.blob) or b"")
    bucket.delete(sealed.blob)
    bucket.put(sealed.blob, zlib.compress(plain, 1))
    assert act(log, bucket) == [sealed]


@pytest.mark.parametrize("ending", [".jsonl.zz", ".json"])
def test_something_else_under_the_same_name_is_not_overlooked(ending: str) -> None:
    log, bucket = log_of(5), MemoryBucket()
    (sealed,) = act(log, bucket)
    name = sealed.blob.replace(".jsonl.zz", ending)
    bucket.delete(name)
    bucket.put(name, b"something else")
    with pytest.raises(Tampered):
        act(log, bucket)


def test_events_that_arrive_meanwhile_are_left_for_the_next_errand() -> None:
    class Growing(ListedLog):
        def since(self, position: int, limit: int) -> list[Recorded]:
            self.gain(10)
            return super().since(position, limit)

    log = Growing()
    log.gain(1)
    (sealed,) = act(log, MemoryBucket())
    assert sealed.last == 1

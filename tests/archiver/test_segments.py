"""Segments: lines that give back their events exactly, digests that give away every change."""

import zlib
from collections.abc import Callable
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain import segments
from shared.domain.event import Recorded
from shared.domain.instants import DAY_US
from shared.domain.segments import (
    EVENTS_MAX,
    RAW_SIZE_BYTES_MAX,
    Manifest,
    Segment,
    Tampered,
    from_line,
    from_manifest,
    opened,
    seal,
    to_line,
    to_manifest,
    verify_chain,
)
from tests.archiver.log import recorded

json_text = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
instants = st.integers(-DAY_US, 4_000 * 365 * DAY_US)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
datas = (
    st.binary(max_size=60)
    | st.sampled_from(
        [b"", b" {}", b"{}\n", b'{"a": 1, "b" :[ ]}', b"{", b'"\xff"', b"nul", b"\r{}", b'{"a":"\\n"}']
    )
    | st.builds(msgspec.json.encode, json_text)
)
anything = st.builds(
    Recorded,
    id=st.text("0123456789abcdef", min_size=32, max_size=32),
    type=words.map("house.test.{}.v1".format),
    stream=words,
    version=st.integers(0, 10**15),
    time_us=instants,
    recorded_us=instants,
    correlation=words,
    causation=words,
    data=datas,
    position=st.integers(0, 2**53),
)


def chain_of(*counts: int) -> list[Segment]:
    """Segments with that many events each, one after the other."""
    made: list[Segment] = []
    for count in counts:
        after = made[-1].manifest.last if made else 0
        events = [recorded(after + 1 + n) for n in range(count)]
        segment = seal(events, made[-1].manifest.chain if made else "")
        assert segment is not None
        made.append(segment)
    return made


def read(made: list[Segment], chain: str | None = None) -> list[Recorded]:
    objects = {segment.manifest.blob: segment.lines for segment in made}
    return list(verify_chain((segment.manifest for segment in made), objects.get, chain))


@given(anything)
def test_a_line_gives_its_event_back_exactly(event: Recorded) -> None:
    line = to_line(event)
    assert line.index(b"\n") == len(line) - 1
    assert from_line(line) == event


def test_a_line_is_a_cloudevent_with_its_data_as_json() -> None:
    assert to_line(recorded(1, b'{"n": 1}')).startswith(b'{"specversion":"1.0","id":"')
    assert b'"data":{"n": 1},"position":1}\n' in to_line(recorded(1, b'{"n": 1}'))


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"\xff", b'{"id":1}'])
def test_other_lines_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a line of a segment"):
        from_line(line)


@given(st.lists(datas, min_size=1, max_size=30))
def test_the_same_events_make_the_same_segment(data: list[bytes]) -> None:
    events = [recorded(n + 1, each) for n, each in enumerate(data)]
    one, other = seal(events, "before"), seal(iter(events), "before")
    assert one is not None
    assert one == other
    assert list(opened(one.manifest, one.lines)) == events


def test_no_events_make_no_segment() -> None:
    assert seal([], "") is None


def test_a_segment_says_what_it_holds() -> None:
    (segment,) = chain_of(3)
    manifest = segment.manifest
    assert manifest.blob == "segments/00000000000000000001-00000000000000000003.jsonl.zz"
    assert (manifest.first, manifest.last, manifest.events) == (1, 3, 3)
    assert manifest.size_bytes == len(zlib.decompress(segment.lines))
    assert segments.manifest_name(manifest) == "segments/00000000000000000001-00000000000000000003.json"
    assert segments.last_in(manifest.blob) == 3
    assert segments.last_in(segments.manifest_name(manifest)) is None
    assert from_manifest(to_manifest(manifest)) == manifest


def test_a_segment_ends_at_its_limits() -> None:
    many = seal((recorded(n + 1) for n in range(EVENTS_MAX + 5)), "")
    assert many is not None
    assert many.manifest.events == EVENTS_MAX
    large = seal((recorded(n + 1, b'"' + b"x" * 2**20 + b'"') for n in range(40)), "")
    assert large is not None
    assert RAW_SIZE_BYTES_MAX <= large.manifest.size_bytes < RAW_SIZE_BYTES_MAX + 2**21
    assert large.manifest.events == 16
    assert len(list(opened(large.manifest, large.lines))) == 16


def test_a_segment_ends_at_the_position_asked_for() -> None:
    segment = seal((recorded(n + 1) for n in range(9)), "", last=4)
    assert segment is not None
    assert segment.manifest.last == 4


def test_a_sound_chain_gives_all_events_in_order() -> None:
    made = chain_of(3, 1, 5)
    assert [event.position for event in read(made, made[-1].manifest.chain)] == list(range(1, 10))
    assert read([]) == []


def test_no_changed_byte_changes_an_event_unnoticed() -> None:
    (segment,) = chain_of(4)
    whole, unnoticed = read([segment]), 0
    for place in range(len(segment.lines)):
        changed = bytearray(segment.lines)
        changed[place] ^= 0x10
        with suppress(Tampered):
            # A few bits of the compression say nothing about the lines.
            assert list(opened(segment.manifest, bytes(changed))) == whole
            unnoticed += 1
    assert unnoticed < 10


def resealed(segment: Segment, change: Callable[[bytes], bytes]) -> Segment:
    return Segment(segment.manifest, zlib.compress(change(zlib.decompress(segment.lines))))


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines.replace(b'{"n":1}', b'{"n":2}', 1),
        lambda lines: lines[: lines.index(b"\n") + 1],
        lambda lines: lines + lines,
        lambda lines: lines[:-1],
        lambda lines: lines + b"\n",
        lambda lines: b"",
    ],
)
def test_changed_lines_are_detected_before_any_event_is_given(change: Callable[[bytes], bytes]) -> None:
    made = chain_of(3, 3)
    made[1] = resealed(made[1], change)
    given_out: list[Recorded] = []
    with pytest.raises(Tampered, match=made[1].manifest.blob):
        given_out.extend(read(made))
    objects = {segment.manifest.blob: segment.lines for segment in made}
    events = verify_chain((segment.manifest for segment in made), objects.get)
    assert [next(events).position for _ in range(3)] == [1, 2, 3]
    with pytest.raises(Tampered):
        next(events)


def test_a_bomb_is_not_inflated() -> None:
    (segment,) = chain_of(2)
    bomb = zlib.compress(b"x" * 100_000_000)
    with pytest.raises(Tampered, match="more than the"):
        list(opened(segment.manifest, bomb))


def test_a_missing_segment_is_detected() -> None:
    made = chain_of(2, 2)
    with pytest.raises(Tampered, match=r"00002\.jsonl\.zz is missing"):
        list(verify_chain([made[0].manifest], lambda _: None))


def test_a_manifest_taken_out_or_put_elsewhere_is_detected() -> None:
    first, second, third = chain_of(2, 2, 2)
    with pytest.raises(Tampered, match="does not follow on"):
        read([first, third])
    with pytest.raises(Tampered, match="does not begin after"):
        read([first, second, second])
    with pytest.raises(Tampered, match="end at position 4"):
        read([first, second], third.manifest.chain)


def forged(manifest: Manifest, events: list[Recorded]) -> tuple[Manifest, bytes]:
    segment = seal(events, "")
    assert segment is not None
    return replace(
        manifest, **{name: getattr(segment.manifest, name) for name in ("digest", "size_bytes", "events")}
    ), (segment.lines)


def test_positions_out_of_place_are_detected() -> None:
    (segment,) = chain_of(2)
    for events in ([recorded(1), recorded(3)], [recorded(2), recorded(1)], [recorded(1), recorded(1)]):
        manifest, lines = forged(segment.manifest, events)
        with pytest.raises(Tampered, match="out of place"):
            list(opened(manifest, lines))


def test_what_is_no_manifest_is_refused() -> None:
    with pytest.raises(Tampered, match="not a manifest"):
        from_manifest(b'{"first":1}')

"""What every bucket promises (shared.ports.bucket). A new adapter is one more line in BUCKETS."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.filesystem import FilesystemBucket
from shared.adapters.memory import MemoryBucket
from shared.adapters.replicated import ReplicatedBucket
from shared.adapters.s3 import S3Bucket
from shared.ports.bucket import Bucket
from tests.buckets import gcs_bucket, s3_bucket

BUCKETS: dict[str, Callable[[Path], Bucket]] = {
    "filesystem": FilesystemBucket,
    "memory": lambda _: MemoryBucket(),
    "gcs": lambda _: gcs_bucket(),
    "s3": lambda _: s3_bucket(),
    "replicated": lambda _: ReplicatedBucket(MemoryBucket(), MemoryBucket()),
}
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,6}(/[A-Za-z0-9._-]{1,6}){0,3}", fullmatch=True).filter(
    lambda name: not {".", ".."} & set(name.split("/"))
)


@pytest.fixture(params=BUCKETS)
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    return BUCKETS[request.param](tmp_path / "bucket")


def test_an_object_is_read_as_it_was_put(bucket: Bucket) -> None:
    assert bucket.put("raw/2026/a.json", b"\x00{}")
    assert bucket.get("raw/2026/a.json") == b"\x00{}"


def test_an_object_may_be_empty(bucket: Bucket) -> None:
    assert bucket.put("empty", b"")
    assert bucket.get("empty") == b""


def test_an_absent_object_is_none(bucket: Bucket) -> None:
    assert bucket.get("no/such/thing") is None


def test_a_name_that_is_taken_keeps_its_bytes(bucket: Bucket) -> None:
    assert bucket.put("a", b"first")
    assert not bucket.put("a", b"second")
    assert bucket.get("a") == b"first"


def test_a_name_is_taken_also_for_the_same_bytes(bucket: Bucket) -> None:
    data = b"same"
    assert bucket.put("a", data)
    assert not bucket.put("a", data)


def test_an_object_and_one_below_it_are_two_objects(bucket: Bucket) -> None:
    assert bucket.put("a", b"1")
    assert bucket.put("a/b", b"2")
    assert bucket.put("a/b/c", b"3")
    assert [bucket.get(name) for name in ("a", "a/b", "a/b/c")] == [b"1", b"2", b"3"]
    assert list(bucket.names("a")) == ["a", "a/b", "a/b/c"]


def test_deleting_frees_the_name(bucket: Bucket) -> None:
    bucket.put("a/b", b"first")
    bucket.delete("a/b")
    assert bucket.get("a/b") is None
    assert list(bucket.names("")) == []
    assert bucket.put("a/b", b"second")


def test_deleting_what_is_not_there_does_nothing(bucket: Bucket) -> None:
    bucket.delete("a/b")
    bucket.put("a", b"")
    bucket.delete("a/b")
    assert list(bucket.names("")) == ["a"]


def test_names_come_in_order_and_begin_with_the_prefix(bucket: Bucket) -> None:
    for name in ("s/10", "s/2", "s-1", "s.1", "s/1", "sa", "S", "t/s/1"):
        bucket.put(name, b"")
    assert list(bucket.names("s")) == ["s-1", "s.1", "s/1", "s/10", "s/2", "sa"]
    assert list(bucket.names("s/")) == ["s/1", "s/10", "s/2"]
    assert list(bucket.names("s/1")) == ["s/1", "s/10"]
    assert list(bucket.names("x/")) == []
    assert len(list(bucket.names(""))) == 8


@pytest.mark.parametrize("name", ["a" * 512, "a" * 300 + "/" + "b" * 211, "/".join("a" * 256)])
def test_names_may_have_512_characters(bucket: Bucket, name: str) -> None:
    assert bucket.put(name, b"long")
    assert bucket.get(name) == b"long"
    assert list(bucket.names(name[:-1])) == [name]


@pytest.mark.parametrize(
    "name",
    [
        *["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b"],  # not parts with / between
        *["a b", "a\\b", "a\x00", "é", "a+", "~a", "a\n"],  # not of the alphabet
        *["a" * 513, "a/" * 256 + "a"],  # too long
    ],
)
def test_other_names_are_refused(bucket: Bucket, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        bucket.put(name, b"")
    with pytest.raises(ValueError, match="name"):
        bucket.get(name)
    with pytest.raises(ValueError, match="name"):
        bucket.delete(name)
    assert list(bucket.names("")) == []


@pytest.mark.parametrize("prefix", ["..", "../", "/", "/etc/", "a//", "./", "a\x00", "é/", "a" * 5_000])
def test_a_prefix_that_no_name_has_finds_nothing(bucket: Bucket, prefix: str) -> None:
    bucket.put("a", b"")
    assert list(bucket.names(prefix)) == []


def test_of_many_writers_of_one_name_one_wins(bucket: Bucket) -> None:
    if isinstance(bucket, S3Bucket):
        pytest.skip("moto looks for the name and takes it in two steps, so it lets two writers win at times")
    writers, names = 8, [f"race/{n}" for n in range(40)]
    start = Barrier(writers)

    def write(writer: int) -> list[bool]:
        created = []
        for name in names:
            start.wait()
            created.append(bucket.put(name, bytes([writer]) * 1_000))
        return created

    with ThreadPoolExecutor(writers) as pool:
        by_writer = list(pool.map(write, range(writers)))
    for name, created in zip(names, zip(*by_writer, strict=True), strict=True):
        assert created.count(True) == 1
        assert bucket.get(name) == bytes([created.index(True)]) * 1_000


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    objects=st.dictionaries(NAMES, st.binary(max_size=8), max_size=6),
    prefix=st.sampled_from(["", "a", "a/", "0."]),
)
@pytest.mark.parametrize("adapter", BUCKETS)
def test_a_bucket_is_a_sorted_dictionary(
    adapter: str, tmp_path_factory: pytest.TempPathFactory, objects: dict[str, bytes], prefix: str
) -> None:
    bucket = BUCKETS[adapter](tmp_path_factory.mktemp("bucket"))
    assert all(bucket.put(name, body) for name, body in objects.items())
    assert {name: bucket.get(name) for name in bucket.names("")} == objects
    assert list(bucket.names(prefix)) == sorted(name for name in objects if name.startswith(prefix))

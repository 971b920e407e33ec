"""What the buckets of the cloud do beyond the contract: in trouble, over pages, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from google.api_core.exceptions import NotFound

from shared.adapters import gcs, s3
from shared.adapters.gcs import GcsBucket
from shared.adapters.memory import MemoryBucket
from shared.adapters.replicated import ReplicatedBucket
from shared.adapters.s3 import S3Bucket
from shared.ports.bucket import Bucket
from tests.buckets import gcs_bucket, gcs_url, s3_bucket, s3_url
from tests.loopback import Answer, Asked, Loopback

Cloud = Callable[[str], Bucket]
CLOUDS: dict[str, Cloud] = {
    "gcs": lambda url: GcsBucket("house", url),
    "s3": lambda url: S3Bucket("house", url),
}
ASKED: dict[str, Callable[[Bucket], Any]] = {
    "put": lambda bucket: bucket.put("a", b"x"),
    "put large": lambda bucket: bucket.put("a", b"x" * 9_000_000),
    "get": lambda bucket: bucket.get("a"),
    "delete": lambda bucket: bucket.delete("a"),
    "names": lambda bucket: list(bucket.names("")),
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> Cloud:
    return CLOUDS[request.param]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for adapter in (gcs, s3):
        monkeypatch.setattr(adapter, "CONNECT_S_MAX", 0.1)
        monkeypatch.setattr(adapter, "READ_S_MAX", 0.1)
    monkeypatch.setattr(gcs, "RETRY_S_MAX", 0.15)


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


# -- in trouble


@pytest.mark.timeout(20)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_where_nobody_listens_it_is_a_timeout(cloud: Cloud, ask: Callable[[Bucket], Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(TimeoutError, match="bucket house"):
        ask(cloud(url))


@pytest.mark.timeout(20)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_where_nobody_answers_it_is_a_timeout(cloud: Cloud, ask: Callable[[Bucket], Any]) -> None:
    with silent() as url, pytest.raises(TimeoutError, match="bucket house"):
        ask(cloud(url))


@pytest.mark.slow
@pytest.mark.timeout(20)
def test_as_it_is_set_a_dead_bucket_is_known_within_seconds() -> None:
    with silent() as url, ThreadPoolExecutor() as pool:
        for asked in [pool.submit(new(url).get, "a") for new in CLOUDS.values()]:
            with pytest.raises(TimeoutError, match="bucket house"):
                asked.result()


@pytest.mark.timeout(20)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("ask", [ASKED["put"], ASKED["get"]], ids=["put", "get"])
def test_a_service_in_trouble_is_a_timeout(cloud: Cloud, ask: Callable[[Bucket], Any], status: int) -> None:
    body = b"<Error><Code>SlowDown</Code></Error>"
    said = Answer(status, {"Content-Length": str(len(body))}, [body])
    with Loopback(lambda _: said) as server, pytest.raises(TimeoutError, match="bucket house"):
        ask(cloud(server.url))


def test_a_trouble_that_passes_is_not_noticed() -> None:
    answers = [
        Answer(503),
        Answer(200, {"Content-Type": "application/json"}, [b'{"items": [{"name": "a"}]}']),
    ]
    with Loopback(lambda _: answers.pop(0)) as server:
        assert list(GcsBucket("house", server.url).names("")) == ["a"]


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("adapter", CLOUDS)
def test_a_bucket_that_is_not_there_is_no_empty_bucket(adapter: str, ask: Callable[[Bucket], Any]) -> None:
    url = {"gcs": gcs_url, "s3": s3_url}[adapter]()
    with pytest.raises((NotFound, ClientError), match="bucket does not exist"):
        ask(CLOUDS[adapter](url))


@pytest.mark.usefixtures("quick")
def test_a_damaged_object_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = gcs_bucket()
    bucket.put("a", b"right")
    monkeypatch.setattr("emulators.storage.Objects.data", lambda *_: b"wrong")
    with pytest.raises(TimeoutError, match="CRC32C"):
        bucket.get("a")


def test_a_put_whose_answer_was_lost_finds_the_name_taken() -> None:
    bucket = gcs_bucket()
    assert bucket.put("a", b"kept")
    assert not bucket.put("a", b"kept")
    assert bucket.get("a") == b"kept"


# -- as they are used


def test_a_put_carries_its_precondition_and_its_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        seen.append(asked)
        return Answer(200, {"Content-Type": "application/json"}, [b"{}"])

    with Loopback(answer) as server:
        GcsBucket("house", server.url).put("a", b"x", "image/png")
    [asked] = seen
    assert "ifGenerationMatch=0" in asked.path
    assert b'"crc32c"' in asked.body
    assert b"image/png" in asked.body


@pytest.mark.parametrize("size_bytes", [8 * 1024 * 1024, 8 * 1024 * 1024 + 1])
@pytest.mark.parametrize("new", [gcs_bucket, s3_bucket])
def test_large_objects_are_whole_and_created_once(new: Callable[[], Bucket], size_bytes: int) -> None:
    bucket, data = new(), os.urandom(size_bytes)
    assert bucket.put("segment", data)
    assert not bucket.put("segment", data)
    assert bucket.get("segment") == data


@pytest.mark.parametrize(("adapter", "new"), [(gcs, gcs_bucket), (s3, s3_bucket)])
def test_names_come_from_all_pages(
    adapter: Any, new: Callable[[], GcsBucket | S3Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PAGE", 3)
    bucket, names = new(), [f"s/{n}" for n in range(8)]
    for name in names:
        bucket.put(name, b"")
    before = bucket.costs["class_a"]
    assert list(bucket.names("s/")) == names
    assert bucket.costs["class_a"] - before == 3


@pytest.mark.parametrize("new", [gcs_bucket, s3_bucket])
def test_operations_are_counted_by_their_class(new: Callable[[], GcsBucket | S3Bucket]) -> None:
    bucket = new()
    bucket.put("a", b"x")
    bucket.get("a")
    bucket.get("a")
    list(bucket.names(""))
    bucket.delete("a")
    assert (bucket.costs["class_a"], bucket.costs["class_b"]) == (2, 2)


def test_the_emulator_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    there = gcs_bucket()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url())
    GcsBucket(there.name).put("a", b"x")
    assert there.get("a") == b"x"


def test_a_locked_object_outlives_its_deletion_until_its_time() -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    plain = s3_bucket(locking=True)
    bucket = S3Bucket(plain.name, s3_url(), locked_until=lambda: until)
    assert bucket.put("segment", b"kept")
    asking = boto3.client("s3", endpoint_url=s3_url())
    put = asking.head_object(Bucket=plain.name, Key="segment")
    assert (put["ObjectLockMode"], put["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", until)
    version = put["VersionId"]
    bucket.delete("segment")
    assert bucket.get("segment") is None
    with pytest.raises(ClientError, match="AccessDenied"):
        asking.delete_object(Bucket=plain.name, Key="segment", VersionId=version)
    found = asking.get_object(Bucket=plain.name, Key="segment", VersionId=version, ChecksumMode="ENABLED")
    assert found["Body"].read() == b"kept"
    assert found["ChecksumSHA256"]


def test_a_name_on_s3_can_be_put_again_after_it_was_deleted() -> None:
    bucket = s3_bucket(locking=True)
    bucket.put("a", b"1")
    bucket.delete("a")
    assert bucket.put("a", b"2")
    assert not bucket.put("a", b"3")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from shared.adapters import gcs, s3; gcs.GcsBucket('a'); s3.S3Bucket('a');"
        "sys.exit(any(name in sys.modules for name in ('google.cloud.storage', 'boto3', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the replica


class Away(MemoryBucket):
    """A bucket that is away until it is back."""

    away = True

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        if self.away:
            raise TimeoutError("away")
        return super().put(name, data, media_type)


def test_what_is_put_is_in_both_and_so_is_what_is_deleted() -> None:
    first, replica = MemoryBucket(), MemoryBucket()
    bucket = ReplicatedBucket(first, replica)
    assert bucket.put("a", b"x")
    assert (first.get("a"), replica.get("a")) == (b"x", b"x")
    bucket.delete("a")
    assert (first.get("a"), replica.get("a")) == (None, None)


def test_a_replica_that_was_away_gets_what_the_first_holds_when_it_is_tried_again() -> None:
    first, replica = MemoryBucket(), Away()
    bucket = ReplicatedBucket(first, replica)
    with pytest.raises(TimeoutError):
        bucket.put("a", b"first")
    replica.away = False
    assert not bucket.put("a", b"other")
    assert (first.get("a"), replica.get("a")) == (b"first", b"first")

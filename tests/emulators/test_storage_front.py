"""The storage front, asked by Google's own client over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed
from google.cloud.storage import Bucket, Client
from google.cloud.storage.exceptions import DataCorruption

from emulators.resources import checksums
from emulators.storage import storage


def client(url: str) -> Client:
    return Client("house", client_options={"api_endpoint": url}, use_auth_w_custom_endpoint=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with storage() as url:
        yield url


@pytest.fixture
def bucket(url: str) -> Bucket:
    return client(url).create_bucket(f"bucket-{uuid4().hex}")


def put(bucket: Bucket, name: str, data: bytes = b"x", **asked: Any) -> int:
    blob = bucket.blob(name)
    blob.upload_from_string(data, **asked)
    return int(blob.generation)


# -- buckets


def test_a_bucket_is_made_once_and_found(url: str) -> None:
    asking = client(url)
    made = asking.create_bucket(f"bucket-{uuid4().hex}")
    with pytest.raises(Conflict):
        asking.create_bucket(made.name)
    assert asking.get_bucket(made.name).storage_class == "STANDARD"
    assert made.name in {bucket.name for bucket in asking.list_buckets()}


def test_a_bucket_that_is_not_there_is_told_apart_from_an_object_that_is_not(
    url: str, bucket: Bucket
) -> None:
    with pytest.raises(NotFound, match="bucket does not exist"):
        client(url).bucket("no-such-bucket").blob("a").download_as_bytes()
    with pytest.raises(NotFound, match="No such object"):
        bucket.blob("a").download_as_bytes()
    with pytest.raises(NotFound, match="bucket does not exist"):
        list(client(url).list_blobs("no-such-bucket"))


def test_only_an_empty_bucket_can_be_deleted(bucket: Bucket) -> None:
    put(bucket, "a")
    with pytest.raises(Conflict):
        bucket.delete()
    bucket.blob("a").delete()
    bucket.delete()
    assert not bucket.exists()


# -- what an object is


def test_an_object_is_read_as_it_was_uploaded(bucket: Bucket) -> None:
    data = bytes(range(256)) * 5
    blob = bucket.blob("raw/2026/a b+é.bin")
    blob.metadata = {"digest": "1"}
    blob.upload_from_string(data, "image/png")
    read = bucket.get_blob("raw/2026/a b+é.bin")
    assert read is not None
    assert read.download_as_bytes(checksum="crc32c") == read.download_as_bytes(checksum="md5") == data
    assert (read.content_type, read.size, read.metadata) == ("image/png", len(data), {"digest": "1"})
    assert {"crc32c": read.crc32c, "md5Hash": read.md5_hash} == checksums(data)


@pytest.mark.parametrize("data", [b"", b"\r\n--", b"\r\n\r\n", b"--==", os.urandom(5_000)])
def test_no_bytes_confuse_a_multipart_upload(bucket: Bucket, data: bytes) -> None:
    put(bucket, "a", data)
    assert bucket.blob("a").download_as_bytes() == data


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, 3, b"0123"), (4, 4, b"4"), (7, None, b"789"), (-3, None, b"789"), (8, 99, b"89")],
)
def test_a_range_is_a_part(bucket: Bucket, first: int, last: int | None, expected: bytes) -> None:
    put(bucket, "a", b"0123456789")
    assert bucket.blob("a").download_as_bytes(start=first, end=last) == expected


def test_a_download_in_chunks_is_whole(bucket: Bucket) -> None:
    data = os.urandom(3 * 256 * 1024 + 17)
    put(bucket, "a", data)
    assert bucket.blob("a", chunk_size=256 * 1024).download_as_bytes() == data


@pytest.mark.parametrize("size_bytes", [0, 1, 256 * 1024, 3 * 256 * 1024, 3 * 256 * 1024 + 5])
def test_a_resumable_upload_is_whole(bucket: Bucket, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    blob = bucket.blob("a", chunk_size=256 * 1024)
    blob.upload_from_file(BytesIO(data), content_type="text/plain", checksum="crc32c", if_generation_match=0)
    assert blob.download_as_bytes() == data
    assert blob.content_type == "text/plain"


def test_a_resumable_upload_of_unknown_size_is_whole(bucket: Bucket) -> None:
    data = os.urandom(2 * 256 * 1024 + 9)
    with bucket.blob("a").open("wb", chunk_size=256 * 1024, content_type="text/plain") as file:
        file.write(data)
    assert bucket.blob("a").download_as_bytes() == data


def test_a_large_object_goes_in_a_session_of_its_own_accord(bucket: Bucket) -> None:
    data = os.urandom(9 * 1024 * 1024)
    put(bucket, "a", data, if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        put(bucket, "a", data, if_generation_match=0)
    assert bucket.blob("a").download_as_bytes() == data


# -- checksums


def test_a_damaged_upload_is_refused_and_leaves_nothing(url: str, bucket: Bucket) -> None:
    blob = bucket.blob("a")
    blob.md5_hash = b64encode(b"0" * 16).decode()
    with pytest.raises(BadRequest, match="MD5"):
        blob.upload_from_string(b"x", checksum=None)
    upload = f"{url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=a"
    answer = httpx.post(upload, content=b"x", headers={"x-goog-hash": "crc32c=AAAAAA=="})
    assert (answer.status_code, bucket.get_blob("a")) == (400, None)


def test_a_damaged_download_is_noticed(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "a", b"right")
    monkeypatch.setattr("emulators.storage.Objects.data", lambda *_: b"wrong")
    with pytest.raises(DataCorruption):
        bucket.blob("a").download_as_bytes()


# -- preconditions and generations


def test_create_only_refuses_a_taken_name(bucket: Bucket) -> None:
    first = put(bucket, "a", b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        put(bucket, "a", b"second", if_generation_match=0)
    assert bucket.blob("a").download_as_bytes() == b"first"
    assert put(bucket, "a", b"third", if_generation_match=first) > first


def test_a_generation_that_has_passed_is_no_precondition(bucket: Bucket) -> None:
    first = put(bucket, "a", b"first")
    second = put(bucket, "a", b"second")
    with pytest.raises(PreconditionFailed):
        put(bucket, "a", b"third", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        bucket.blob("a").delete(if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        bucket.blob("a").download_as_bytes(if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        put(bucket, "a", b"third", if_generation_not_match=second)
    bucket.blob("a").delete(if_generation_match=second)
    with pytest.raises(PreconditionFailed):
        put(bucket, "a", b"third", if_generation_match=second)


def test_metadata_has_a_generation_of_its_own(bucket: Bucket) -> None:
    generation = put(bucket, "a")
    blob = bucket.get_blob("a")
    assert blob is not None
    blob.metadata = {"seen": "1"}
    blob.patch(if_metageneration_match=1)
    assert (blob.generation, blob.metageneration, blob.metadata) == (generation, 2, {"seen": "1"})
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=1)


def test_deleting_frees_the_name_and_cannot_be_done_twice(bucket: Bucket) -> None:
    put(bucket, "a", if_generation_match=0)
    bucket.blob("a").delete()
    with pytest.raises(NotFound):
        bucket.blob("a").delete()
    put(bucket, "a", if_generation_match=0)


# -- versions, retention, storage classes


def test_a_versioned_bucket_keeps_what_was_overwritten_or_deleted(bucket: Bucket) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    generations = [put(bucket, "a", data) for data in (b"1", b"2")]
    bucket.blob("a").delete()
    assert list(bucket.list_blobs()) == []
    assert [int(blob.generation) for blob in bucket.list_blobs(versions=True)] == generations
    assert bucket.blob("a", generation=generations[0]).download_as_bytes() == b"1"
    bucket.blob("a", generation=generations[0]).delete()
    assert [blob.generation for blob in bucket.list_blobs(versions=True)] == generations[1:]


def test_other_buckets_keep_nothing(bucket: Bucket) -> None:
    first = put(bucket, "a", b"1")
    put(bucket, "a", b"2")
    assert not bucket.blob("a", generation=first).exists()


def test_retention_forbids_to_delete_and_to_overwrite(bucket: Bucket) -> None:
    bucket.retention_period = 3600
    bucket.patch()
    put(bucket, "a", b"kept")
    with pytest.raises(Forbidden, match="retention"):
        bucket.blob("a").delete()
    with pytest.raises(Forbidden, match="retention"):
        put(bucket, "a", b"other")
    assert bucket.blob("a").download_as_bytes() == b"kept"


def test_objects_have_the_class_of_their_bucket_unless_they_say_otherwise(url: str) -> None:
    asking = client(url)
    bucket = asking.bucket(f"bucket-{uuid4().hex}")
    bucket.storage_class = "NEARLINE"
    bucket.create()
    put(bucket, "a")
    archived = bucket.blob("b")
    archived.storage_class = "ARCHIVE"
    archived.upload_from_string(b"x")
    assert [blob.storage_class for blob in bucket.list_blobs()] == ["NEARLINE", "ARCHIVE"]
    changed = bucket.get_blob("a")
    assert changed is not None
    changed.update_storage_class("COLDLINE")
    assert [blob.storage_class for blob in bucket.list_blobs()] == ["COLDLINE", "ARCHIVE"]
    archived.storage_class = "FROZEN"
    with pytest.raises(BadRequest):
        archived.upload_from_string(b"x")


# -- listings


def test_a_listing_comes_in_pages_in_order(bucket: Bucket) -> None:
    names = sorted(f"s/{n}" for n in range(25))
    for name in reversed(names):
        put(bucket, name)
    put(bucket, "t")
    pages = list(bucket.list_blobs(prefix="s/", page_size=10).pages)
    assert [page.num_items for page in pages] == [10, 10, 5]
    assert [blob.name for page in bucket.list_blobs(prefix="s/", page_size=7).pages for blob in page] == names
    assert [blob.name for blob in bucket.list_blobs(prefix="s/", max_results=3)] == names[:3]


def test_a_page_token_outlives_what_it_names(bucket: Bucket) -> None:
    for name in "abcd":
        put(bucket, name)
    listing = bucket.list_blobs(page_size=2)
    first = [blob.name for blob in next(listing.pages)]
    bucket.blob("b").delete()
    put(bucket, "aa")
    second = [blob.name for blob in bucket.list_blobs(page_token=listing.next_page_token)]
    assert (first, second) == (["a", "b"], ["c", "d"])


@pytest.mark.parametrize("page", [1, 2, 100])
def test_a_delimiter_folds_names_into_prefixes(bucket: Bucket, page: int) -> None:
    for name in ("a/1", "a/2", "a/b/3", "b", "c/4"):
        put(bucket, name)
    listing = bucket.list_blobs(delimiter="/", page_size=page)
    assert [blob.name for blob in listing] == ["b"]
    assert listing.prefixes == {"a/", "c/"}
    assert {blob.name for blob in bucket.list_blobs(prefix="a/", delimiter="/")} == {"a/1", "a/2"}


def test_names_are_ordered_by_their_bytes(bucket: Bucket) -> None:
    names = ["a", "B", "é", "~", "a/b", "\U0001f600", "\uffee"]
    for name in names:
        put(bucket, name)
    assert [blob.name for blob in bucket.list_blobs()] == sorted(names, key=str.encode)


# -- the rest


@pytest.mark.parametrize("name", [".", "..", "a\nb", "a" * 1025])
def test_names_the_service_refuses_are_refused(bucket: Bucket, name: str) -> None:
    with pytest.raises((BadRequest, NotFound)):
        put(bucket, name)


def test_what_is_not_done_is_refused(url: str, bucket: Bucket) -> None:
    for asked in (f"/storage/v1/b/{bucket.name}/acl", f"/storage/v1/b/{bucket.name}/o?matchGlob=a*", "/"):
        assert httpx.get(url + asked).status_code == 501


def test_the_server_runs_by_itself_and_keeps_its_file(tmp_path: Path) -> None:
    command: list[str] = [
        sys.executable,
        "-m",
        "emulators.storage",
        "--data",
        f"{tmp_path}/gcs.sqlite",
        "--bucket",
        "house",
    ]
    for attempt in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                bucket = client(server.stdout.readline().strip()).bucket("house")
                if attempt == 0:
                    put(bucket, "a", b"kept", if_generation_match=0)
                assert bucket.blob("a").download_as_bytes() == b"kept"
            finally:
                server.kill()

"""S3: a Bucket on Amazon S3 or on anything that speaks its API; where the archive has its replica.

Objects are created only (`If-None-Match: *`), with a SHA-256 that the service checks on arrival and the client on
reading. The client (package extra `s3`) is made on first use.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.ports.bucket import check_name, may_begin

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CONNECT_S_MAX, READ_S_MAX, ATTEMPTS_MAX = 2.0, 4.0, 2
PAGE = 1_000
_BUSY = {"ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown", "Throttling"}


class S3Bucket:
    """The bucket `name`, which has to exist. `endpoint` is another service than Amazon's.

    `locked_until` gives the instant before which nobody can delete an object that is put now, whoever they are;
    the bucket needs Object Lock for it. `costs` counts requests in Amazon's two price classes: `class_a` (put, a
    page of names) and `class_b` (get).
    """

    def __init__(
        self, name: str, endpoint: str | None = None, locked_until: Callable[[], datetime] | None = None
    ) -> None:
        self.name, self._endpoint, self._locked_until = name, endpoint, locked_until
        self._lock = threading.Lock()
        self._opened: S3Client | None = None
        self.costs: Counter[str] = Counter()

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """See Bucket. After an answer was lost, the next attempt finds the name taken and says False."""
        check_name(name)
        lock: Any = {}
        if self._locked_until is not None:
            lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": self._locked_until()}
        try:
            with self._asking("class_a") as client:
                client.put_object(
                    Bucket=self.name,
                    Key=name,
                    Body=data,
                    ContentType=media_type,
                    IfNoneMatch="*",
                    ChecksumAlgorithm="SHA256",
                    **lock,
                )
        except FileExistsError:
            return False
        return True

    def get(self, name: str) -> bytes | None:
        """See Bucket."""
        check_name(name)
        try:
            with self._asking("class_b") as client:
                found = client.get_object(Bucket=self.name, Key=name, ChecksumMode="ENABLED")
                return found["Body"].read()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """See Bucket. Where versions are kept, the object is hidden and its bytes stay until their lock ends."""
        check_name(name)
        with self._asking("free") as client:
            client.delete_object(Bucket=self.name, Key=name)

    def names(self, prefix: str) -> Iterator[str]:
        """See Bucket."""
        if not may_begin(prefix):
            return
        more: Any = {}
        while True:
            with self._asking("class_a") as client:
                page = client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=PAGE, **more)
            yield from (item["Key"] for item in page.get("Contents", ()))
            if not page["IsTruncated"]:
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    @contextmanager
    def _asking(self, price: str) -> Iterator[S3Client]:
        """One request. What another attempt may mend is a TimeoutError; the rest, such as a refused account, a bug.

        Raises:
            FileExistsError: the name is taken.
            FileNotFoundError: there is no such object.
            TimeoutError: the service is away, busy or not itself.
        """
        from botocore.exceptions import (
            ClientError,
            ConnectionError,
            FlexibleChecksumError,
            HTTPClientError,
            IncompleteReadError,
        )

        client = self._client()
        self.costs[price] += 1
        try:
            yield client
        except (ConnectionError, HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
            raise TimeoutError(f"bucket {self.name}: {error}") from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":
                raise FileExistsError(code) from error
            if code == "NoSuchKey":
                raise FileNotFoundError(code) from error
            if code in _BUSY or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise TimeoutError(f"bucket {self.name}: {error}") from error
            raise

    def _client(self) -> S3Client:
        with self._lock:
            if self._opened is None:
                import boto3
                from botocore.config import Config

                patience = Config(
                    connect_timeout=CONNECT_S_MAX,
                    read_timeout=READ_S_MAX,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
                )
                self._opened = boto3.client("s3", endpoint_url=self._endpoint, config=patience)
            return self._opened

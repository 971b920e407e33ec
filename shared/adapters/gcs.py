"""GCS: a Bucket on Google Cloud Storage, or on whatever answers at `STORAGE_EMULATOR_HOST`.

Objects are created only (`ifGenerationMatch=0`), their CRC32C is checked on both ways, and a service that is away
is known to be within seconds. The client, half a second to import, is made on first use.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from shared.ports.bucket import check_name, may_begin

CONNECT_S_MAX, READ_S_MAX, RETRY_S_MAX = 2.0, 4.0, 5.0
PAGE = 1_000
_ABSENT = "No such object"


class GcsBucket:
    """The bucket `name`, which has to exist. `endpoint` is another service than Google's, without credentials.

    `costs` counts operations as Google charges them: `class_a` (put, a page of names) and `class_b` (get);
    what was refused and what was deleted is free. To be told that an object is absent takes the permission to list.
    """

    def __init__(self, name: str, endpoint: str | None = None) -> None:
        self.name, self._endpoint = name, endpoint
        self._lock = threading.Lock()
        self._opened: tuple[Any, Any] | None = None
        self.costs: Counter[str] = Counter()

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """See Bucket. After an answer was lost, the next attempt finds the name taken and says False."""
        blob, asked = self._blob(check_name(name))
        try:
            with _asking(self.name):
                blob.upload_from_string(data, media_type, if_generation_match=0, checksum="crc32c", **asked)
        except FileExistsError:
            return False
        self.costs["class_a"] += 1
        return True

    def get(self, name: str) -> bytes | None:
        """See Bucket."""
        blob, asked = self._blob(check_name(name))
        try:
            with _asking(self.name):
                data: bytes = blob.download_as_bytes(checksum="crc32c", **asked)
        except FileNotFoundError:
            return None
        self.costs["class_b"] += 1
        return data

    def delete(self, name: str) -> None:
        """See Bucket."""
        blob, asked = self._blob(check_name(name))
        with suppress(FileNotFoundError), _asking(self.name):
            blob.delete(**asked)

    def names(self, prefix: str) -> Iterator[str]:
        """See Bucket."""
        if not may_begin(prefix):
            return
        client, retry = self._client()
        token: str | None = None
        while True:
            with _asking(self.name):
                listing = client.list_blobs(
                    self.name,
                    prefix=prefix,
                    page_size=PAGE,
                    page_token=token,
                    fields="items(name),nextPageToken",
                    timeout=(CONNECT_S_MAX, READ_S_MAX),
                    retry=retry,
                )
                page = [blob.name for blob in next(listing.pages, ())]
                self.costs["class_a"] += 1
            yield from page
            token = listing.next_page_token
            if token is None:
                return

    def _blob(self, name: str) -> tuple[Any, dict[str, Any]]:
        """An object's handle, and how to ask for it."""
        client, retry = self._client()
        return client.bucket(self.name).blob(name), {"timeout": (CONNECT_S_MAX, READ_S_MAX), "retry": retry}

    def _client(self) -> tuple[Any, Any]:
        with self._lock:
            if self._opened is None:
                # For tracing, the client else asks about the bucket too, in a thread, at our expense.
                os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
                from google.cloud.storage import Client
                from google.cloud.storage.retry import DEFAULT_RETRY

                client = Client(
                    project=None,
                    client_options={"api_endpoint": self._endpoint} if self._endpoint else None,
                    use_auth_w_custom_endpoint=self._endpoint is None,
                )
                retry = DEFAULT_RETRY.with_delay(initial=0.1, maximum=1.0).with_timeout(RETRY_S_MAX)
                self._opened = client, retry
            return self._opened


@contextmanager
def _asking(bucket: str) -> Iterator[None]:
    """One request. What another attempt may mend is a TimeoutError; the rest, such as a refused account, a bug.

    Raises:
        FileExistsError: the name is taken.
        FileNotFoundError: there is no such object; a bucket that is not there stays an error of its own.
        TimeoutError: the service is away, busy or not itself.
    """
    from google.api_core.exceptions import (
        NotFound,
        PreconditionFailed,
        RetryError,
        ServerError,
        TooManyRequests,
    )
    from google.auth.exceptions import TransportError
    from google.cloud.storage.exceptions import DataCorruption

    try:
        yield
    except PreconditionFailed as error:
        raise FileExistsError(str(error)) from error
    except NotFound as error:
        if _ABSENT in str(error):
            raise FileNotFoundError(str(error)) from error
        raise
    # What the HTTP library raises is an OSError.
    except (RetryError, ServerError, TooManyRequests, TransportError, DataCorruption, OSError) as error:
        raise TimeoutError(f"bucket {bucket}: {error}") from error

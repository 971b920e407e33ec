"""Replicated: a Bucket with a replica elsewhere, such as the archive on GCS with a copy on S3."""

from collections.abc import Iterator

from shared.ports.bucket import Bucket


class ReplicatedBucket:
    """Reads from `first`; what is put or deleted is so in both when the call returns.

    A put that reached only the first is made good when it is tried again, as a caller that saw a TimeoutError does.
    """

    def __init__(self, first: Bucket, replica: Bucket) -> None:
        self._first, self._replica = first, replica

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """See Bucket."""
        created = self._first.put(name, data, media_type)
        kept = data if created else self._first.get(name)
        if kept is not None:
            self._replica.put(name, kept, media_type)
        return created

    def get(self, name: str) -> bytes | None:
        """See Bucket."""
        return self._first.get(name)

    def delete(self, name: str) -> None:
        """See Bucket. The replica goes first, so that what is left to delete can still be seen."""
        self._replica.delete(name)
        self._first.delete(name)

    def names(self, prefix: str) -> Iterator[str]:
        """See Bucket."""
        return self._first.names(prefix)

"""Bucket: immutable objects under names, for cold records, images and large raw bodies."""

from collections.abc import Iterator
from typing import Protocol


class Bucket(Protocol):
    """Names are `/`-separated parts of `[A-Za-z0-9._-]`, none of them `.` or `..`, 512 characters at most.

    Raises TimeoutError where it is away; the caller retries.
    """

    def put(self, name: str, data: bytes, media_type: str = "application/octet-stream") -> bool:
        """Create the object, durable on return; False when the name is taken: its bytes stay as they are."""

    def get(self, name: str) -> bytes | None:
        """The object's bytes, or None."""

    def delete(self, name: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with `prefix`, in order."""

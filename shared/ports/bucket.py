"""Bucket: immutable objects under names, for cold records, images and large raw bodies."""

import re
from collections.abc import Iterator
from typing import Protocol

NAME_CHARACTERS_MAX = 512
_NAME = re.compile(r"(?!\.{1,2}(/|$))[A-Za-z0-9._-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*")
_PREFIX = re.compile(rf"[A-Za-z0-9._/-]{{0,{NAME_CHARACTERS_MAX}}}", re.ASCII)


def check_name(name: str) -> str:
    """The name itself when every adapter can keep it.

    Raises:
        ValueError: it is too long, or a part is empty, `.`, `..` or has another character than `[A-Za-z0-9._-]`.
    """
    if len(name) > NAME_CHARACTERS_MAX or not _NAME.fullmatch(name):
        raise ValueError(
            f"not a bucket name: {name[:80]!r} (parts of [A-Za-z0-9._-], {NAME_CHARACTERS_MAX} at most)"
        )
    return name


def may_begin(prefix: str) -> bool:
    """Whether any name can begin with `prefix`; a service may answer another one with an error."""
    return bool(_PREFIX.fullmatch(prefix))


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

"""Web: polite, bounded GET requests to the outside."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct


class Page(Struct, frozen=True):
    """An answer. `url` is where redirects ended; header names are lower-case."""

    url: str
    status_code: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No usable answer; the message says why, without secrets (refused address, too large, timed out, …)."""


class Web(Protocol):
    """At most one request a second per host, 10 s and 2 MB each, no private addresses unless the node allows them."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """GET `url`, following at most 5 redirects, each checked like the first.

        Raises:
            Unreachable: for every reason there is no answer within the limits.
        """

    async def post_json(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Page:
        """POST JSON to an API (GitHub's GraphQL), under the same limits and without redirects.

        Raises:
            Unreachable: for every reason there is no answer within the limits.
        """

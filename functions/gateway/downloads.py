"""Turns at downloading: everything about somebody is read and sent for as long as they take to receive it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.runtime.edge import Rejection

DOWNLOADS_MAX = 8
"""Downloads of one process at once; none waits, as nobody knows how long the others take."""
DOWNLOAD_S_MAX = 3_600.0
"""Then it is cut off, so that who stops to receive keeps nobody else out."""
RETRY_AFTER_S = 10


class Downloads:
    """Who is downloading: each developer once."""

    def __init__(self) -> None:
        self._here: set[str] = set()

    @asynccontextmanager
    async def one(self, developer: str) -> AsyncIterator[None]:
        """One turn, until everything is sent.

        Raises:
            Rejection: 429, the developer is downloading already, or too many others are.
            TimeoutError: it took too long.
        """
        if developer in self._here:
            detail = "you are downloading already, and one download at a time is the limit"
            raise Rejection(429, "Too many downloads", detail, retry_after_s=RETRY_AFTER_S)
        if len(self._here) >= DOWNLOADS_MAX:
            detail = f"{DOWNLOADS_MAX} downloads at a time are the limit here"
            raise Rejection(429, "Too many downloads", detail, retry_after_s=RETRY_AFTER_S)
        self._here.add(developer)
        try:
            async with asyncio.timeout(DOWNLOAD_S_MAX):
                yield
        finally:
            self._here.discard(developer)

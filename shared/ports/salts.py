"""Salts: what stands between a developer and their name in the public ledger, until it is destroyed."""

from typing import Protocol


class Salts(Protocol):
    """One random salt a developer, kept apart from the events, which are for ever.

    Raises TimeoutError where it is away; the caller retries.
    """

    def of(self, developer: str) -> bytes:
        """The salt of `dev_…`, 32 bytes; made, durably, the first time anyone asks."""

    def destroy(self, developer: str) -> None:
        """Forget it for ever; nothing happens when there is none. Asked for again, it will be another one."""

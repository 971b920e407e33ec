"""Seals: what keeps a person's words readable only as long as that person wants."""

from typing import Protocol


class Seals(Protocol):
    """Each subject (a pseudonym) has a key of its own; destroyed once, it is gone for ever.

    Raises TimeoutError where what keeps the keys is away; the caller retries.
    """

    def seal(self, subject: str, text: str) -> str | None:
        """The text as only the subject's key can open it; the same text is always the same. None: there is no key."""

    def open(self, subject: str, token: str) -> str | None:
        """The text that was sealed for `subject`. None: its key is gone, or it was sealed for another."""

    def seal_bytes(self, subject: str, data: bytes) -> bytes | None:
        """As `seal`, of bytes; other bytes each time."""

    def open_bytes(self, subject: str, sealed: bytes) -> bytes | None:
        """As `open`, of bytes."""

    def salt(self, subject: str) -> bytes | None:
        """32 bytes that go with the subject's key. None: they went with it."""

    def destroy(self, subject: str) -> None:
        """Let nobody open what was sealed for `subject`, nor seal anything for them again; durable on return."""

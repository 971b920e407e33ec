"""Signer: the key that vouches for the public ledger, which nobody gets to see."""

from typing import Protocol


class Signer(Protocol):
    """One Ed25519 key (RFC 8032)."""

    def public(self) -> bytes:
        """The public key, 32 bytes.

        Raises:
            KeyError: this process was not given the secret.
        """

    def sign(self, text: bytes) -> bytes:
        """The signature over `text`, 64 bytes; the same text always has the same.

        Raises:
            KeyError: this process was not given the secret.
        """

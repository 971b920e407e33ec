"""Ed25519: a Signer by a secret of 64 hexadecimal digits, which is read when it is first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.ports.secrets import Secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class SecretSigner:
    """The key whose seed (RFC 8032, section 5.1.5) is the secret `name`."""

    def __init__(self, secrets: Secrets, name: str) -> None:
        self._secrets, self._name = secrets, name

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            seed = bytes.fromhex(self._secrets.get(self._name).decode("ascii").strip())
            return Ed25519PrivateKey.from_private_bytes(seed)
        except ValueError:
            # Without its cause, which may quote the secret.
            raise ValueError(f"the secret {self._name}: expected 64 hexadecimal digits") from None

    def public(self) -> bytes:
        """See Signer."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """See Signer."""
        return self._key.sign(text)

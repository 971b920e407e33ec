"""Wrapping: the key-encryption key, in a file of the node's own or in Cloud KMS."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any, cast

import msgspec
from msgspec import Struct

KMS_URL = "https://cloudkms.googleapis.com"
CALL_S_MAX = 10.0
KEY_BYTES = 32
_NONCE_BYTES = 12
_SCOPE = "https://www.googleapis.com/auth/cloudkms"


class LocalWrapping:
    """AES-256-GCM with a key made from a random secret of at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise ValueError(f"a key-encryption key has at least {KEY_BYTES} bytes, not {len(secret)}")
        self._key = sha256(secret).digest()

    def wrap(self, data: bytes) -> bytes:
        """See Wrapping."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, data, None)

    def unwrap(self, data: bytes) -> bytes:
        """See Wrapping."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
        except InvalidTag as error:
            raise ValueError("wrapped with another key, or damaged") from error


class _Enveloped(Struct):
    key: bytes
    data: bytes


class _Answer(Struct):
    ciphertext: str = ""
    plaintext: str = ""


class KmsWrapping:
    """A key of Cloud KMS's (`projects/…/cryptoKeys/…`), which never leaves it: it wraps a fresh key for each wrapping.

    Source: https://cloud.google.com/kms/docs/envelope-encryption. `url` is where the service answers.
    """

    def __init__(self, name: str, url: str = KMS_URL, *, anonymous: bool = False) -> None:
        self._name, self._url, self._anonymous = name, url, anonymous
        self._credentials: Any = None

    def wrap(self, data: bytes) -> bytes:
        """See Wrapping."""
        key = os.urandom(KEY_BYTES)
        wrapped = self._ask("encrypt", {"plaintext": b64encode(key).decode()}).ciphertext
        return msgspec.msgpack.encode(_Enveloped(b64decode(wrapped), LocalWrapping(key).wrap(data)))

    def unwrap(self, data: bytes) -> bytes:
        """See Wrapping."""
        try:
            enveloped = msgspec.msgpack.decode(data, type=_Enveloped)
        except msgspec.MsgspecError as error:
            raise ValueError("not wrapped by Cloud KMS") from error
        key = self._ask("decrypt", {"ciphertext": b64encode(enveloped.key).decode()}).plaintext
        return LocalWrapping(b64decode(key)).unwrap(enveloped.data)

    def _ask(self, verb: str, body: dict[str, str]) -> _Answer:
        import httpx

        headers = {} if self._anonymous else {"authorization": f"Bearer {self._token()}"}
        try:
            answer = httpx.post(
                f"{self._url}/v1/{self._name}:{verb}", json=body, headers=headers, timeout=CALL_S_MAX
            )
            if answer.status_code == 400:
                raise ValueError(f"Cloud KMS did not wrap this: {answer.text[:200]}")
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=_Answer)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise TimeoutError(f"Cloud KMS: {error}") from error

    def _token(self) -> str:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials, _ = cast(Any, google.auth).default(scopes=[_SCOPE])
            if not self._credentials.valid:
                self._credentials.refresh(cast(Any, Request)())
        except (GoogleAuthError, OSError) as error:
            raise TimeoutError(f"no credentials for Cloud KMS: {error}") from error
        token: str = self._credentials.token
        return token

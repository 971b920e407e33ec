"""Callers: whether a push, a tick or a redrive comes from who may send it, by its OIDC token.

Source: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS = ("accounts.google.com", "https://accounts.google.com")
FRESH_S, STALE_S = 3_600.0, 60.0
"""Certificates are kept for an hour; for a key that is not among them they are asked for again, once a minute."""
FETCH_S_MAX = 3.0
SKEW_S = 10


class Unwelcome(Exception):
    """The caller is not who may call. Why stays here: the answer is always the same."""


def google_certificates() -> Mapping[str, str]:
    """Google's public keys by their id, as PEM certificates.

    Raises:
        TimeoutError: they cannot be had now.
    """
    import httpx

    try:
        answer = httpx.get(CERTIFICATES, timeout=FETCH_S_MAX)
        answer.raise_for_status()
        certificates: Mapping[str, str] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise TimeoutError(f"{CERTIFICATES}: {error}") from error
    return certificates


class Callers:
    """Knows the account `invoker`, by tokens made for `audience`. Blocks while it fetches certificates."""

    def __init__(
        self,
        audience: str,
        invoker: str,
        certificates: Callable[[], Mapping[str, str]] = google_certificates,
    ) -> None:
        self._audience, self._invoker, self._fetch = audience, invoker, certificates
        self._lock = threading.Lock()
        self._known: Mapping[str, str] = {}
        self._fetched_s = float("-inf")

    def check(self, authorization: str) -> None:
        """Let the bearer of a good token through.

        Raises:
            Unwelcome: there is none, it is forged, has run out, or is of or for somebody else.
            TimeoutError: whether it is good cannot be found out now.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unwelcome("no bearer token")
        claims = self._claims(token.strip())
        if claims.get("iss") not in ISSUERS:
            raise Unwelcome("not Google's")
        if claims.get("email") != self._invoker or claims.get("email_verified") is not True:
            raise Unwelcome("another account's")

    def _claims(self, token: str) -> Mapping[str, Any]:
        from google.auth import jwt
        from google.auth.exceptions import GoogleAuthError

        decode_header, decode = cast(Any, jwt).decode_header, cast(Any, jwt).decode
        try:
            certificates = self._certificates(decode_header(token).get("kid", ""))
            claims: Mapping[str, Any] = decode(
                token, certificates, audience=self._audience, clock_skew_in_seconds=SKEW_S
            )
        except (GoogleAuthError, ValueError) as error:
            raise Unwelcome(str(error)[:200]) from error
        return claims

    def _certificates(self, key: str) -> Mapping[str, str]:
        with self._lock:
            age_s = time.monotonic() - self._fetched_s
            if age_s > FRESH_S or (key not in self._known and age_s > STALE_S):
                self._known, self._fetched_s = self._fetch(), time.monotonic()
            return self._known

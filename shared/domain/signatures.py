"""Signatures of webhook requests: GitHub's HMAC and Standard Webhooks. Pure: the time window is the caller's.

Every candidate secret is compared in constant time, also after one has matched, so that the time taken tells
neither which secret is in use nor how much of a signature was right.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

SIGNATURES_MAX = 16
"""So many signatures of one Standard Webhooks request are looked at."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def github_signature(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for a body."""
    return "sha256=" + hmac.digest(secret, body, "sha256").hex()


def github_holds(secrets: Sequence[bytes], body: bytes, signature: str) -> bool:
    """Whether `signature` is `X-Hub-Signature-256` of `body` under one of `secrets`."""
    given, holds = signature.encode(), False
    for secret in secrets:
        holds |= hmac.compare_digest(github_signature(secret, body).encode(), given)
    return holds


def standard_signature(secret: str, message: str, timestamp_s: int, body: str) -> str:
    """One value of `webhook-signature`, under a `whsec_` secret, for `webhook-id` and `webhook-timestamp`."""
    return Webhook(secret).sign(message, _EPOCH + timedelta(seconds=timestamp_s), body)


def standard_holds(
    secrets: Sequence[str], message: str, timestamp_s: int, body: str, signatures: str
) -> bool:
    """Whether one of the space-separated `signatures` is right under one of `secrets`."""
    given, holds = [one.encode() for one in signatures.split(" ", SIGNATURES_MAX)[:SIGNATURES_MAX]], False
    for secret in secrets:
        right = standard_signature(secret, message, timestamp_s, body).encode()
        for one in given:
            holds |= hmac.compare_digest(right, one)
    return holds

"""Who may call, by OIDC tokens that are really signed and really checked."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from shared.runtime import callers
from shared.runtime.callers import Callers, Unwelcome
from tests.loopback import Answer, Loopback

AUDIENCE, INVOKER = "https://optin.example", "house-optin@house.iam.gserviceaccount.com"


@cache
def key(name: str) -> tuple[Any, str]:
    """A key's signer and its certificate."""
    private = rsa.generate_private_key(65_537, 2_048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer: Any = crypt.RSASigner.from_string(pem, name)  # type: ignore[no-untyped-call] # google-auth has no types
    return signer, certificate.public_bytes(serialization.Encoding.PEM).decode()


def token(signed_by: str = "google", **claims: Any) -> str:
    now_s = int(time.time())
    payload = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "email": INVOKER,
        "email_verified": True,
        "iat": now_s,
        "exp": now_s + 600,
        **claims,
    }
    made: bytes = jwt.encode(key(signed_by)[0], payload)  # type: ignore[no-untyped-call] # google-auth has no types
    return f"Bearer {made.decode()}"


def google() -> Mapping[str, str]:
    return {"google": key("google")[1]}


def asking(fetch: Callable[[], Mapping[str, str]] = google) -> Callers:
    return Callers(AUDIENCE, INVOKER, fetch)


def test_the_functions_own_account_is_let_through() -> None:
    asking().check(token())


@pytest.mark.parametrize(
    "authorization",
    [
        *["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic Zm9vOmJhcg=="],
        token(aud="https://gateway.example"),
        token(email="house-gateway@house.iam.gserviceaccount.com"),
        token(email_verified=False),
        token(email_verified="true"),
        token(iss="https://evil.example"),
        token(exp=int(time.time()) - 60, iat=int(time.time()) - 600),
        token(iat=int(time.time()) + 600),
        token("mallory"),
        token()[:-8] + "AAAAAAAA",
    ],
)
def test_everybody_else_is_not(authorization: str) -> None:
    with pytest.raises(Unwelcome):
        asking().check(authorization)


def test_a_token_without_a_signature_is_not_let_through() -> None:
    import base64

    def part(content: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    payload = {"iss": "accounts.google.com", "aud": AUDIENCE, "email": INVOKER, "email_verified": True}
    now_s = int(time.time())
    forged = f"{part({'alg': 'none'})}.{part({**payload, 'iat': now_s, 'exp': now_s + 60})}."
    with pytest.raises(Unwelcome):
        asking().check(f"Bearer {forged}")


def test_certificates_are_asked_for_once_and_again_for_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []

    def fetch() -> Mapping[str, str]:
        fetched.append(1)
        known = ["google"] if len(fetched) == 1 else ["google", "next"]
        return {name: key(name)[1] for name in known}

    knows = asking(fetch)
    for _ in range(3):
        knows.check(token())
    assert len(fetched) == 1
    for _ in range(2):
        with pytest.raises(Unwelcome):
            knows.check(token("next"))
    assert len(fetched) == 1, "not for every stranger"
    monkeypatch.setattr(callers, "STALE_S", 0.0)
    knows.check(token("next"))
    assert len(fetched) == 2


def test_while_certificates_cannot_be_had_it_is_a_timeout_not_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback(lambda _: Answer(500)) as server:
        monkeypatch.setattr(callers, "CERTIFICATES", server.url)
        with pytest.raises(TimeoutError):
            Callers(AUDIENCE, INVOKER).check(token())
    with Loopback(lambda _: Answer(200, {}, [json.dumps(google()).encode()])) as server:
        monkeypatch.setattr(callers, "CERTIFICATES", server.url)
        Callers(AUDIENCE, INVOKER).check(token())

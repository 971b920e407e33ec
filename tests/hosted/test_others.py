"""A function asked by another: as the account that alone may call it, whose token the asker is allowed to make."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import iam

from shared.runtime.others import Others
from tests.hosted.test_callers import token
from tests.loopback import Answer, Asked, Loopback, in_json

ACCOUNT = "house-optin@house.iam.gserviceaccount.com"
LETTER = "parked/optin/1"
OPTINS = token(aud="https://optin.example", email=ACCOUNT).removeprefix("Bearer ")


@pytest.fixture
def own_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The asker's own key, with Google's addresses still to be filled in."""
    key = rsa.generate_private_key(65_537, 2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kept = tmp_path / "key.json"
    email = "house-gateway@house.iam.gserviceaccount.com"
    kept.write_text(
        json.dumps({"type": "service_account", "client_email": email, "private_key": key.decode()})
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(kept))
    return kept


def test_a_redrive_is_sent_as_the_functions_own_account(
    own_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(asked: Asked) -> Answer:
        match asked.path:
            case "/token":
                return in_json({"access_token": "the gateway's", "expires_in": 3600, "token_type": "Bearer"})
            case "/optin/redrive":
                return in_json({"went_through": True})
            case _:
                return in_json({"token": OPTINS})

    with Loopback(answered) as server:
        account = json.loads(own_account.read_text())
        own_account.write_text(json.dumps({**account, "token_uri": f"{server.url}/token"}))
        monkeypatch.setattr(iam, "_IAM_IDTOKEN_ENDPOINT", f"{server.url}/accounts/{{}}:generateIdToken")
        others = Others({"optin": f"{server.url}/optin"}, {"optin": ACCOUNT})
        assert others.redrive("optin", LETTER)
        _, made, sent = server.asked
    assert made.path == f"/accounts/{ACCOUNT}:generateIdToken"
    assert made.headers["authorization"] == "Bearer the gateway's"
    wanted = json.loads(made.body)
    assert (wanted["audience"], wanted["includeEmail"]) == (f"{server.url}/optin", True)
    assert sent.headers["authorization"] == f"Bearer {OPTINS}"
    assert json.loads(sent.body) == {"stream": LETTER}


def test_without_accounts_it_is_asked_as_nobody() -> None:
    with Loopback(lambda _: in_json({"went_through": False})) as server:
        assert not Others({"optin": server.url}, {}).redrive("optin", LETTER)
    assert "authorization" not in server.asked[0].headers


def test_where_there_is_nothing_to_redrive_it_says_so() -> None:
    with Loopback(lambda _: in_json({"detail": "not an open dead letter"}, 409)) as server:
        others = Others({"optin": server.url}, {})
        with pytest.raises(KeyError, match="not an open dead letter"):
            others.redrive("optin", LETTER)
        with pytest.raises(KeyError, match="HOUSE_URLS"):
            others.redrive("crawler", LETTER)


@pytest.mark.parametrize(
    "answer", [in_json({}, 503), in_json({}), in_json({}, 409), Answer(200, {}, [b"<html>"])]
)
def test_any_other_answer_is_none(answer: Answer) -> None:
    with Loopback(lambda _: answer) as server, pytest.raises(TimeoutError):
        Others({"optin": server.url}, {}).redrive("optin", LETTER)


def test_while_no_token_can_be_had_it_is_a_timeout(own_account: Path) -> None:
    with Loopback(lambda _: in_json({}, 500)) as server:
        account = json.loads(own_account.read_text())
        own_account.write_text(json.dumps({**account, "token_uri": f"{server.url}/token"}))
        with pytest.raises(TimeoutError, match="no identity"):
            Others({"optin": server.url}, {"optin": ACCOUNT}).redrive("optin", LETTER)

"""Signatures of the published test vectors are judged rightly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.signatures import (
    SIGNATURES_MAX,
    github_holds,
    github_signature,
    standard_holds,
    standard_signature,
)
from tests.shared_data import shared_data

STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def vectors(scheme: str) -> list[dict[str, Any]]:
    found = [
        one
        for one in json.loads(shared_data("signatures/vectors.json").read_bytes())
        if one["scheme"] == scheme
    ]
    assert found
    for vector in found:
        if "payload_repeat" in vector:
            letter, times = vector["payload_repeat"]
            vector["payload"] = letter * times
    return found


@pytest.mark.shared_data
def test_github_vectors_hold() -> None:
    for vector in vectors("github-sha256"):
        secret, body = vector["secret"].encode(), vector["payload"].encode()
        assert github_holds([secret], body, vector["signature"]), vector["source"]
        assert not github_holds([secret], body + b" ", vector["signature"])
        assert not github_holds([secret + b" "], body, vector["signature"])


@pytest.mark.shared_data
def test_sha1_vectors_do_not_hold() -> None:
    for vector in vectors("github-sha1"):
        assert not github_holds([vector["secret"].encode()], vector["payload"].encode(), vector["signature"])


@pytest.mark.shared_data
def test_standard_vectors_hold() -> None:
    for vector in vectors("standard-webhooks-v1"):
        secret, message, sent = vector["secret"], vector["id"], vector["timestamp"]
        assert standard_holds([secret], message, sent, vector["payload"], vector["signature"])
        assert not standard_holds([secret], message, sent + 1, vector["payload"], vector["signature"])
        assert not standard_holds([secret], message + "x", sent, vector["payload"], vector["signature"])
        assert not standard_holds([secret], message, sent, vector["payload"] + " ", vector["signature"])


@given(
    st.binary(max_size=100), st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=4, unique=True)
)
def test_any_of_several_secrets_will_do_while_they_are_rotated(body: bytes, secrets: list[bytes]) -> None:
    for secret in secrets:
        assert github_holds(secrets, body, github_signature(secret, body))
    assert not github_holds([], body, github_signature(secrets[0], body))


@given(st.text(max_size=80))
def test_no_text_is_a_signature_by_chance_or_a_bug(text: str) -> None:
    assert not github_holds([b"secret"], b"body", text)
    assert not standard_holds([STANDARD], "msg_1", 1, "body", text)


def test_one_right_signature_among_several_is_enough_within_the_limit() -> None:
    right = standard_signature(STANDARD, "msg_1", 1, "body")
    assert standard_holds([STANDARD], "msg_1", 1, "body", f"v1a,other v1,wrong {right}")
    assert not standard_holds([STANDARD], "msg_1", 1, "body", "v1,wrong " * SIGNATURES_MAX + right)

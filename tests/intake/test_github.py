"""Which of GitHub's requests become deliveries, and what the others are told."""

import json
from contextlib import suppress
from hashlib import sha256
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.intake.accept import from_github
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.signatures import github_signature
from shared.runtime.edge import Rejection
from tests.given import NOW_US
from tests.shared_data import shared_data

SECRET = b"It's a Secret to Everybody"
REPOSITORY = {"id": 1, "full_name": "bob/hello", "owner": {"id": 2, "login": "bob", "type": "User"}}
STAR = {"action": "created", "starred_at": "2026-03-02T09:00:00Z", "repository": REPOSITORY}
PUSH = {
    "ref": "refs/heads/main",
    "before": "a" * 40,
    "after": "b" * 40,
    "commits": [],
    "pusher": {},
    "repository": REPOSITORY,
}


def github(event: str, body: bytes, **headers: str | None) -> DeliveryAccepted:
    """Accept `body` as GitHub would sign and send it, with some headers changed or left out."""
    sent = {
        "content_type": "application/json",
        "x_github_event": event,
        "x_github_delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x_hub_signature_256": github_signature(SECRET, body),
    } | headers
    raw = {
        name.replace("_", "-").encode(): value.encode() for name, value in sent.items() if value is not None
    }
    return from_github(raw, body, [b"another", SECRET], NOW_US)


def as_json(body: object) -> bytes:
    return json.dumps(body).encode()


def test_a_signed_request_is_a_delivery() -> None:
    body = as_json(STAR)
    assert github("star", body) == DeliveryAccepted(
        source="github",
        digest=sha256(body).hexdigest(),
        kind="star",
        size_bytes=len(body),
        received_at_us=NOW_US,
        hint="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    )


def test_a_form_is_a_delivery_of_the_form_itself() -> None:
    body = b"payload=" + quote_plus(as_json(STAR)).encode()
    accepted = github("star", body, content_type="application/x-www-form-urlencoded; charset=UTF-8")
    assert (accepted.form, accepted.digest) == (True, sha256(body).hexdigest())


@pytest.mark.parametrize("sent", [None, "", "two words", "x" * 129, "é"])
def test_a_hint_that_is_not_plain_is_dropped(sent: str | None) -> None:
    assert github("star", as_json(STAR), x_github_delivery=sent).hint is None


@pytest.mark.shared_data
@pytest.mark.parametrize("form", [False, True])
def test_every_recorded_payload_is_accepted(form: bool) -> None:
    files = sorted(shared_data("webhooks").glob("*/*.json"))
    assert len(files) > 200
    for path in files:
        body = path.read_bytes()
        media_type = "application/json"
        if form:
            body, media_type = b"payload=" + quote_plus(body).encode(), "application/x-www-form-urlencoded"
        accepted = github(path.parent.name, body, content_type=media_type)
        assert (accepted.kind, accepted.form) == (path.parent.name, form)


@pytest.mark.shared_data
def test_the_recorded_ping_is_refused_unsigned_and_accepted_signed() -> None:
    body = shared_data("signatures/recorded-ping/body").read_bytes()
    headers = json.loads(shared_data("signatures/recorded-ping/headers.json").read_bytes())
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    with pytest.raises(Rejection) as refused:
        from_github(sent, body, [SECRET], NOW_US)
    assert refused.value.status == 401
    signed = sent | {b"x-hub-signature-256": github_signature(SECRET, body).encode()}
    assert from_github(signed, body, [SECRET], NOW_US).kind == "ping"


@pytest.mark.shared_data
def test_a_payload_of_one_known_event_is_not_accepted_as_another() -> None:
    for event in ("push", "star", "fork", "ping", "create"):
        for claimed in (
            "push",
            "star",
            "watch",
            "fork",
            "create",
            "delete",
            "member",
            "ping",
            "issues",
            "made_up",
        ):
            if claimed != event:
                with pytest.raises(Rejection) as refused:
                    github(claimed, shared_data(f"webhooks/{event}/1.json").read_bytes())
                assert refused.value.status == 400, (event, claimed)


@pytest.mark.parametrize("body", [{}, {"sender": "nobody"}, {"action": 7, "repository": []}])
def test_an_event_the_house_does_not_know_may_have_any_object(body: object) -> None:
    assert github("made_up", as_json(body)).kind == "made_up"


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"content_type": None}, 415, "expected application/json or application/x-www-form-urlencoded"),
        ({"content_type": "text/plain"}, 415, "expected application/json"),
        ({"content_type": "application/json; charset=latin-1"}, 415, "UTF-8"),
        ({"x_hub_signature_256": None}, 401, "expected X-Hub-Signature-256"),
        (
            {"x_hub_signature_256": None, "x_hub_signature": "sha1=" + "0" * 40},
            401,
            "SHA-1 signatures are not",
        ),
        ({"x_hub_signature_256": "sha256=" + "0" * 64}, 401, "not that of this body"),
        ({"x_github_event": None}, 400, "X-GitHub-Event"),
        ({"x_github_event": "Star"}, 400, "X-GitHub-Event"),
        ({"x_github_event": "s" * 65}, 400, "X-GitHub-Event"),
        ({"x_github_event": "star\n"}, None, ""),
    ],
)
def test_headers_that_are_wrong_are_named(
    changed: dict[str, str | None], status: int | None, said: str
) -> None:
    if status is None:  # surrounding white space is no part of a header's value
        assert github("star", as_json(STAR), **changed).kind == "star"
        return
    with pytest.raises(Rejection) as refused:
        github("star", as_json(STAR), **changed)
    assert refused.value.status == status
    assert said in refused.value.detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "truncated at line 1, column 1 (byte 0)"),
        (b'{"a": 1', "truncated at line 1, column 8 (byte 7)"),
        (b'{\n "a": tru\n}', "invalid character at line 2, column 8 (byte 9)"),
        (b'{"a": "\xff"}', "not UTF-8 at line 1, column 8 (byte 7)"),
        (b'{} {"a": 1}', "trailing characters at line 1, column 5 (byte 4)"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
    ],
)
def test_what_is_not_a_json_object_is_refused_with_the_position(body: bytes, said: str) -> None:
    with pytest.raises(Rejection) as refused:
        github("made_up", body)
    assert refused.value.status == 400
    assert said in refused.value.detail


@pytest.mark.parametrize("body", [b"", b"load=%7B%7D", b"payload=%7B%7D&payload=%7B%7D", b"payload=%7B"])
def test_a_form_without_one_payload_of_json_is_refused(body: bytes) -> None:
    with pytest.raises(Rejection) as refused:
        github("made_up", body, content_type="application/x-www-form-urlencoded")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("event", "body", "said"),
    [
        ("star", {k: v for k, v in STAR.items() if k != "starred_at"}, "missing required field `starred_at`"),
        ("star", STAR | {"action": "burnt"}, "Invalid enum value 'burnt' at action"),
        ("star", STAR | {"repository": {"id": "1"}}, "Expected `int | null`, got `str` at repository.id"),
        ("watch", STAR, "Invalid enum value 'created' at action"),
        ("made_up", STAR, "Expected no field `starred_at`, which marks the event `star`"),
        ("push", {k: v for k, v in PUSH.items() if k != "before"}, "missing required field `before`"),
        ("push", PUSH | {"after": "xyz"}, "at after"),
        ("push", PUSH | {"commits": [{"id": "a" * 40}]}, "missing required field `message` at commits[0]"),
        ("push", PUSH | {"commits": [{"id": "a" * 40, "message": ""}] * 2049}, "length <= 2048 at commits"),
        ("ping", {"zen": "Keep it simple."}, "missing required field `hook_id`"),
        ("fork", {"repository": REPOSITORY}, "missing required field `forkee`"),
        ("public", STAR | {"starred_at": None}, "at action"),
    ],
)
def test_a_body_that_is_not_of_the_claimed_event_is_told_what_was_expected(
    event: str, body: object, said: str
) -> None:
    with pytest.raises(Rejection) as refused:
        github(event, as_json(body))
    assert (refused.value.status, refused.value.title) == (400, "Body mismatch")
    assert said in refused.value.detail
    assert f"`{event}`" in refused.value.detail


def test_without_secrets_nothing_is_accepted() -> None:
    body = as_json(STAR)
    sent = {
        b"content-type": b"application/json",
        b"x-hub-signature-256": github_signature(b"", body).encode(),
    }
    with pytest.raises(Rejection) as refused:
        from_github(sent, body, [], NOW_US)
    assert refused.value.status == 401


@given(st.binary(max_size=200))
def test_no_signed_bytes_are_a_bug(body: bytes) -> None:
    with suppress(Rejection):
        github("made_up", body)

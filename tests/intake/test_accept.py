"""Which requests become deliveries, and what the others are told."""

import json
from contextlib import suppress
from hashlib import sha256
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.intake.accept import WINDOW_US, from_github, from_standard
from functions.intake.cloudevents import from_cloudevent
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.instants import SECOND_US
from shared.domain.signatures import github_signature, standard_signature
from shared.runtime.edge import Rejection
from tests.given import NOW_US
from tests.shared_data import shared_data

SECRET = b"It's a Secret to Everybody"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = NOW_US // SECOND_US
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


def standard(body: bytes, sent_s: int = NOW_S, **headers: str | None) -> DeliveryAccepted:
    sent = {
        "content_type": "application/json",
        "webhook_id": "msg_1",
        "webhook_timestamp": str(sent_s),
        "webhook_signature": standard_signature(STANDARD, "msg_1", sent_s, body.decode("utf-8", "replace")),
    } | headers
    raw = {
        name.replace("_", "-").encode(): value.encode() for name, value in sent.items() if value is not None
    }
    return from_standard("lens", raw, body, [STANDARD], NOW_US)


def test_a_standard_webhook_is_a_delivery_of_its_type() -> None:
    body = as_json({"type": "critique.done", "data": {}})
    assert standard(body) == DeliveryAccepted(
        "standard.lens", sha256(body).hexdigest(), "critique.done", len(body), NOW_US, hint="msg_1"
    )
    assert standard(b"{}").kind == "webhook"


def test_the_window_is_five_minutes_either_way() -> None:
    for offset_s in (-WINDOW_US // SECOND_US, WINDOW_US // SECOND_US):
        standard(b"{}", NOW_S + offset_s)
        with pytest.raises(Rejection, match="at most 5 minutes from now"):
            standard(b"{}", NOW_S + offset_s + (1 if offset_s > 0 else -1))


@pytest.mark.parametrize(
    ("body", "changed", "status"),
    [
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"webhook_id": None}, 401),
        (b"{}", {"webhook_timestamp": None}, 401),
        (b"{}", {"webhook_timestamp": "soon"}, 401),
        (b"{}", {"webhook_timestamp": f"{NOW_S}.0"}, 401),
        (b"{}", {"webhook_signature": None}, 401),
        (b"{}", {"webhook_signature": "v1,AAAA"}, 401),
        (b"\xff", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b'{"type": "two words"}', {}, 400),
    ],
)
def test_a_standard_webhook_that_is_wrong_is_refused(
    body: bytes, changed: dict[str, str], status: int
) -> None:
    with pytest.raises(Rejection) as refused:
        standard(body, NOW_S, **changed)
    assert refused.value.status == status


EVENT = {"specversion": "1.0", "id": "1", "source": "/lens", "type": "org.example.made", "data": {"a": 1}}
STRUCTURED = {b"content-type": b"application/cloudevents+json; charset=utf-8"}
BINARY = {
    b"content-type": b"application/json",
    b"ce-specversion": b"1.0",
    b"ce-id": b"1",
    b"ce-source": b"/lens%20two",
    b"ce-type": b"org.example.made",
}


def test_a_structured_cloudevent_is_a_delivery_of_itself() -> None:
    body = as_json(EVENT)
    accepted, raw = from_cloudevent(STRUCTURED, body, NOW_US)
    assert raw == body
    assert accepted == DeliveryAccepted(
        "events", sha256(body).hexdigest(), "org.example.made", len(body), NOW_US, hint="1"
    )


def test_a_binary_cloudevent_is_put_into_structured_form() -> None:
    accepted, raw = from_cloudevent(BINARY, b'{"a":1}', NOW_US)
    assert json.loads(raw) == EVENT | {"source": "/lens two", "datacontenttype": "application/json"}
    assert accepted.digest == sha256(raw).hexdigest()
    other, _ = from_cloudevent(BINARY | {b"ce-id": b"2"}, b'{"a":1}', NOW_US)
    assert other.digest != accepted.digest


def test_binary_data_is_kept_as_base64() -> None:
    _, raw = from_cloudevent(BINARY | {b"content-type": b"image/png"}, b"\x00\xff", NOW_US)
    assert json.loads(raw)["data_base64"] == "AP8="


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"source": 1}, "source"),
        ({"type": "x" * 129}, "type"),
        ({"type": "two\nlines"}, "type"),
        ({"type": "ends in a line\n"}, "type"),
        ({"time": "yesterday"}, "time"),
        ({"time": "0001-01-01T00:00:00+23:59"}, None),
        ({"data_base64": "AP8="}, "either data or data_base64"),
    ],
)
def test_a_cloudevent_with_a_wrong_attribute_is_refused_by_name(
    changed: dict[str, object], said: str | None
) -> None:
    if said is None:
        assert from_cloudevent(STRUCTURED, as_json(EVENT | changed), NOW_US)
        return
    with pytest.raises(Rejection) as refused:
        from_cloudevent(STRUCTURED, as_json(EVENT | changed), NOW_US)
    assert refused.value.status == 400
    assert said in refused.value.detail


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({b"content-type": b"application/json"}, as_json(EVENT), 415),
        ({b"content-type": b"application/cloudevents-batch+json"}, as_json([EVENT]), 415),
        (STRUCTURED, b"{", 400),
        ({name: value for name, value in BINARY.items() if name != b"ce-id"}, b"{}", 400),
        (BINARY, b"{", 400),
    ],
)
def test_what_is_no_cloudevent_is_refused(headers: dict[bytes, bytes], body: bytes, status: int) -> None:
    with pytest.raises(Rejection) as refused:
        from_cloudevent(headers, body, NOW_US)
    assert refused.value.status == status

"""Which CloudEvents become deliveries, and what the others are told."""

import json
from hashlib import sha256

import pytest

from functions.intake.cloudevents import from_cloudevent
from shared.domain.deliveries import DeliveryAccepted
from shared.runtime.edge import Rejection
from tests.given import NOW_US
from tests.intake.test_github import as_json

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

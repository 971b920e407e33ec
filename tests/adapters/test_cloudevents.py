"""Events go into CloudEvents and come back, in whichever shape a push has."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.cloudevents import PUBLISHED, Carried, NotAnEvent, attributes, from_attributes, from_push
from shared.domain.event import Recorded
from shared.domain.ids import uuid5

BODY = b'{"who":"Zo\xc3\xab"}'
EVENT = Recorded(
    uuid5("a"), "house.optin.invited.v1", "optin/dev_a~dev_b", 7, 1_700_000_000_000_001, 1_700_000_000_500_000,
    uuid5("b"), uuid5("c"), BODY,
)  # fmt: skip


def wrapped(event: Recorded, dataref: str | None = None) -> dict[str, Any]:
    return {
        "message": {
            "attributes": attributes(event, dataref),
            "data": b64encode(event.data).decode(),
            "messageId": "12",
            "publishTime": "2026-01-01T00:00:00Z",
        },
        "subscription": "projects/p/subscriptions/optin-entries",
    }


def test_an_event_is_named_by_the_attributes_of_cloudevents() -> None:
    assert attributes(EVENT) == {
        "ce-specversion": "1.0",
        "ce-id": EVENT.id,
        "ce-type": "house.optin.invited.v1",
        "ce-source": "/functions/optin",
        "ce-subject": "optin/dev_a~dev_b",
        "ce-time": "2023-11-14T22:13:20.000001Z",
        "ce-recordedtime": "2023-11-14T22:13:20.500000Z",
        "ce-correlationid": EVENT.correlation,
        "ce-causationid": EVENT.causation,
        "ce-partitionkey": "optin/dev_a~dev_b",
        "ce-sequence": "000000000007",
        "traceparent": f"00-{EVENT.correlation}-{EVENT.id[:16]}-01",
        "content-type": "application/json",
    }


def test_the_attributes_say_what_the_structured_form_says() -> None:
    structured = EVENT.cloudevent()
    for name, value in attributes(EVENT).items():
        if name.startswith("ce-"):
            assert structured[name.removeprefix("ce-")] == value


@given(
    stream=st.text(min_size=1, max_size=40).map(lambda text: f"host/{text}"),
    version=st.integers(1, 10**12 - 1),
    time_us=st.integers(0, 4_000_000_000_000_000),
    data=st.binary(max_size=64),
)
def test_any_event_comes_back_from_its_attributes(
    stream: str, version: int, time_us: int, data: bytes
) -> None:
    event = Recorded(
        "1" * 32, "house.f.g.v1", stream, version, time_us, time_us + 1, "2" * 32, "3" * 32, data
    )
    carried = attributes(event)
    assert all(value.isascii() and value.isprintable() for value in carried.values())
    assert from_attributes(carried, data) == Carried(event)


SHAPES = {
    "unwrapped": (attributes(EVENT), BODY),
    "unwrapped, as HTTP servers spell headers": (
        {name.title(): value for name, value in attributes(EVENT).items()} | {"Host": "x"},
        BODY,
    ),
    "wrapped": ({"content-type": "application/json"}, json.dumps(wrapped(EVENT)).encode()),
    "wrapped without a content type": ({}, json.dumps(wrapped(EVENT)).encode()),
    "Eventarc, binary": (
        {"ce-type": PUBLISHED, "ce-id": "12", "ce-source": "//pubsub", "content-type": "application/json"},
        json.dumps(wrapped(EVENT)).encode(),
    ),
    "Eventarc, structured": (
        {"Content-Type": "application/cloudevents+json; charset=utf-8"},
        json.dumps({"specversion": "1.0", "type": PUBLISHED, "id": "12", "data": wrapped(EVENT)}).encode(),
    ),
    "structured": (
        {"content-type": "application/cloudevents+json"},
        msgspec.json.encode(EVENT.cloudevent()),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_push_brings_the_same_event(shape: str) -> None:
    assert from_push(*SHAPES[shape]) == Carried(EVENT)


def test_a_stream_with_a_percent_sign_is_not_unescaped_twice() -> None:
    event = msgspec.structs.replace(EVENT, stream="host/100%25 ü")
    assert from_push(attributes(event), BODY) == Carried(event)
    headers = {"content-type": "application/cloudevents+json"}
    assert from_push(headers, msgspec.json.encode(event.cloudevent())) == Carried(event)


def test_a_reference_to_a_large_body_travels_beside_the_event() -> None:
    event = msgspec.structs.replace(EVENT, data=b"")
    for headers, body in (
        (attributes(event, "payloads/abc"), b""),
        ({}, json.dumps(wrapped(event, "payloads/abc")).encode()),
    ):
        assert from_push(headers, body) == Carried(event, "payloads/abc")


def test_a_message_without_data_may_leave_it_out() -> None:
    push = wrapped(EVENT)
    del push["message"]["data"]
    assert from_push({}, json.dumps(push).encode()).event.data == b""


@pytest.mark.parametrize(
    ("headers", "body", "missing"),
    [
        ({}, b"", "no push"),
        ({}, b"{}", "message"),
        ({}, b'{"message": {"data": "!"}}', "no push"),
        ({}, b'{"message": {"attributes": {"a": "b"}}}', "ce-id"),
        ({"ce-type": PUBLISHED}, b"[]", "no push"),
        ({"content-type": "application/cloudevents+json"}, b'{"type": "x"}', "ce-id"),
        ({"content-type": "application/cloudevents+json"}, b'{"type": "%s"}' % PUBLISHED.encode(), "no push"),
        ({**attributes(EVENT), "ce-sequence": "x"}, b"", "malformed"),
        ({**attributes(EVENT), "ce-time": "yesterday"}, b"", "malformed"),
        ({**attributes(EVENT), "ce-subject": "nowhere"}, b"", "no event of the House"),
        ({**attributes(EVENT), "ce-type": "com.example.thing"}, b"", "no event of the House"),
    ],
)
def test_anything_else_is_named_for_what_it_lacks(headers: dict[str, str], body: bytes, missing: str) -> None:
    with pytest.raises(NotAnEvent, match=missing):
        from_push(headers, body)

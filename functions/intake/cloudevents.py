"""CloudEvents over HTTP: structured and binary mode, judged alike.

Reads requests to `/events`. Emits DeliveryAccepted. Stream: delivery/events/<digest>. Pure.

A binary-mode event is put into structured form first: its attributes then are part of what is digested and
kept, so that two events with the same data are two deliveries.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from base64 import b64encode
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from functions.intake.accept import JSON, Headers, Kind, content_type, hint, reading, text
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.instants import from_rfc3339
from shared.runtime.edge import Rejection

STRUCTURED = "application/cloudevents+json"

Required = Annotated[str, Meta(min_length=1, max_length=1024)]


class CloudEvent(Struct, frozen=True):
    """The attributes that are checked; extensions and data may be anything."""

    specversion: Literal["1.0"]
    id: Required
    source: Required
    type: Kind
    time: str | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    data_base64: str | UnsetType = UNSET


_structured = msgspec.json.Decoder(CloudEvent)
_any_json = msgspec.json.Decoder(Raw)


def from_cloudevent(headers: Headers, body: bytes, now_us: int) -> tuple[DeliveryAccepted, bytes]:
    """The delivery that a CloudEvent makes, and its structured form.

    Raises:
        Rejection: 415 content type; 400 JSON, attributes, or both kinds of data.
    """
    if b"ce-specversion" in headers:
        body = _to_structured(headers, body)
    else:
        content_type(headers, STRUCTURED)
    event = reading(lambda: _structured.decode(body), body, "a CloudEvent")
    if event.data is not UNSET and event.data_base64 is not UNSET:
        raise _attribute("data_base64", "expected either data or data_base64")
    if event.time is not UNSET:
        try:
            from_rfc3339(event.time)
        except (ValueError, OverflowError) as error:
            raise _attribute("time", "expected an RFC 3339 time such as 2026-12-04T00:00:00Z") from error
    accepted = DeliveryAccepted(
        source="events",
        digest=sha256(body).hexdigest(),
        kind=event.type,
        size_bytes=len(body),
        received_at_us=now_us,
        hint=hint(event.id),
    )
    return accepted, body


def _to_structured(headers: Headers, body: bytes) -> bytes:
    """The event's one structured form: attributes in order of name, then its data."""
    event: dict[str, Any] = {}
    for name in sorted(headers):
        if name.startswith(b"ce-"):
            event[name[3:].decode("latin-1")] = unquote(text(headers, name))
    event.pop("data", None)
    event.pop("data_base64", None)
    if text(headers, b"content-type"):
        event["datacontenttype"] = text(headers, b"content-type")
    media_type = event.get("datacontenttype", "").partition(";")[0].strip().lower()
    if body and (media_type == JSON or media_type.endswith("+json")):
        event["data"] = reading(lambda: _any_json.decode(body), body, "a CloudEvent")
    elif body:
        event["data_base64"] = b64encode(body).decode()
    return msgspec.json.encode(event)


def _attribute(name: str, detail: str) -> Rejection:
    return Rejection(400, "Body mismatch", f"this is not a CloudEvent: {name}: {detail}", [(name, detail)])

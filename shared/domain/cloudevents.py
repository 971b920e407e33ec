"""Recorded events as CloudEvents in binary mode: attributes beside the body; and every shape a push brings them in.

    unwrapped   the attributes are the request's headers, the data is its body
    wrapped     the body is `{"message": {"attributes": {…}, "data": "<base64>"}, "subscription": …}`
    Eventarc's  a CloudEvent `google.cloud.pubsub.topic.v1.messagePublished` around the wrapped form, binary or structured
    structured  the body is `Recorded.cloudevent()`

Values travel as HTTP headers, so what is not printable ASCII in a stream's name is written as %XX.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md,
https://cloud.google.com/pubsub/docs/payload-unwrapping, https://cloud.google.com/eventarc/docs/cloudevents
"""

from collections.abc import Mapping
from string import printable
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from msgspec import Raw, Struct

from shared.domain.event import Recorded
from shared.domain.instants import from_rfc3339, rfc3339

PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
STRUCTURED = "application/cloudevents+json"
_PLAIN = "".join(character for character in printable.strip() if character not in '%"')


class NotAnEvent(ValueError):
    """A push that holds no event of the House; the message says what is missing."""


class Carried(Struct, frozen=True):
    """An event as a message brought it. With `dataref` its body is that object of the bucket, and `data` is empty."""

    event: Recorded
    dataref: str | None = None


class _Message(Struct):
    attributes: dict[str, str] = {}
    data: bytes = b""


class _Push(Struct):
    message: _Message


class _Structured(Struct):
    type: str
    data: Raw = Raw(b"")
    dataref: str | None = None


_push = msgspec.json.Decoder(_Push)
_structured = msgspec.json.Decoder(_Structured)
_document = msgspec.json.Decoder(dict[str, Any])


def attributes(event: Recorded, dataref: str | None = None) -> dict[str, str]:
    """The event's CloudEvents attributes, as a message or a request carries them."""
    stream = quote(event.stream, safe=_PLAIN)
    carried = {
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": event.type,
        "ce-source": f"/functions/{event.function}",
        "ce-subject": stream,
        "ce-time": rfc3339(event.time_us),
        "ce-recordedtime": rfc3339(event.recorded_us),
        "ce-correlationid": event.correlation,
        "ce-causationid": event.causation,
        "ce-partitionkey": stream,
        "ce-sequence": f"{event.version:012d}",
        "traceparent": f"00-{event.correlation}-{event.id[:16]}-01",
        "content-type": "application/json",
    }
    return carried if dataref is None else {**carried, "ce-dataref": dataref}


def from_attributes(given: Mapping[str, str], data: bytes) -> Carried:
    """The event of a message's attributes and data. Names may be in any case.

    Raises:
        NotAnEvent: an attribute is missing or malformed.
    """
    known = {name.lower(): value for name, value in given.items()}
    try:
        event = Recorded(
            known["ce-id"],
            known["ce-type"],
            unquote(known["ce-subject"]),
            int(known["ce-sequence"]),
            from_rfc3339(known["ce-time"]),
            from_rfc3339(known["ce-recordedtime"]),
            known["ce-correlationid"],
            known["ce-causationid"],
            data,
        )
    except KeyError as error:
        raise NotAnEvent(f"the attribute {error.args[0]} is missing") from error
    except (ValueError, OverflowError) as error:
        raise NotAnEvent(f"an attribute is malformed: {error}") from error
    if event.type.count(".") < 3 or "/" not in event.stream:
        raise NotAnEvent(f"{event.type[:80]!r} of {event.stream[:80]!r} is no event of the House")
    return Carried(event, known.get("ce-dataref"))


def from_push(headers: Mapping[str, str], body: bytes) -> Carried:
    """The event that an HTTP request brings, in whichever of the shapes above.

    Raises:
        NotAnEvent: it is none of them.
    """
    known = {name.lower(): value for name, value in headers.items()}
    try:
        if known.get("content-type", "").startswith(STRUCTURED):
            return _from_structured(body)
        if known.get("ce-type", PUBLISHED) != PUBLISHED:
            return from_attributes(known, body)
        return _from_message(_push.decode(body))
    except msgspec.MsgspecError as error:
        raise NotAnEvent(f"the body is no push: {error}") from error


def _from_message(push: _Push) -> Carried:
    return from_attributes(push.message.attributes, push.message.data)


def _from_structured(body: bytes) -> Carried:
    outer = _structured.decode(body)
    if outer.type == PUBLISHED:
        return _from_message(_push.decode(outer.data))
    named = {f"ce-{name}": value for name, value in _document.decode(body).items() if isinstance(value, str)}
    # A subject in JSON is as it is; only headers have it escaped.
    return from_attributes({**named, "ce-subject": quote(named.get("ce-subject", ""))}, bytes(outer.data))

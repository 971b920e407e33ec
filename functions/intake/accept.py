"""Intake: a request whose signature and shape hold becomes a delivery; any other is refused, and says why.

Reads requests from GitHub and from Standard Webhooks senders. Emits DeliveryAccepted.
Stream: delivery/<source>/<digest>. Pure: headers, body, secrets and the instant arrive as arguments.

Sources: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries and
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.domain import github
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.domain.signatures import github_holds, standard_holds
from shared.runtime.edge import Rejection
from shared.runtime.shapes import Fold

BODY_BYTES_MAX = 25 * 1024 * 1024
"""GitHub's own limit for a webhook payload."""

WINDOW_US = 5 * MINUTE_US
"""How far a Standard Webhooks timestamp may be from the receipt clock, either way."""

JSON, FORM = "application/json", "application/x-www-form-urlencoded"

Headers = Mapping[bytes, bytes]
T = TypeVar("T")

_EVENT = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_HINT = re.compile(r"[!-~]{1,128}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_AT_FIELD = re.compile(r"(.*) - at `\$\.?(.*)`")

Kind = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}\Z")]


def arrived(_: DeliveryAccepted | None, happened: DeliveryAccepted) -> DeliveryAccepted:
    """A delivery's whole life is its arrival."""
    return happened


DELIVERY: Fold[DeliveryAccepted | None] = Fold(
    prefix="delivery",
    state=DeliveryAccepted,
    initial=None,
    evolve=arrived,
    whole=True,
)


def from_github(headers: Headers, body: bytes, secrets: Sequence[bytes], now_us: int) -> DeliveryAccepted:
    """The delivery that a request to GitHub's webhook makes.

    Raises:
        Rejection: 415 content type; 401 signature; 400 event name, JSON, or a body that is not of that event.
    """
    form = content_type(headers, JSON, FORM) == FORM
    _check_github_signature(headers, body, secrets)
    event = text(headers, b"x-github-event")
    if not _EVENT.fullmatch(event):
        detail = "expected 1 to 64 lower-case letters, digits and underscores, no digit first"
        raise Rejection(400, "Bad event name", f"X-GitHub-Event: {detail}", [("X-GitHub-Event", detail)])
    document = body
    if form:
        try:
            document = github.form_payload(body)
        except ValueError as error:
            raise Rejection(400, "Malformed form", str(error), [("payload", str(error))]) from error
    reading(lambda: github.read(event, document), document, f"an event `{event}`")
    return DeliveryAccepted(
        source="github",
        digest=sha256(body).hexdigest(),
        kind=event,
        size_bytes=len(body),
        received_at_us=now_us,
        form=form,
        hint=hint(text(headers, b"x-github-delivery")),
    )


def _check_github_signature(headers: Headers, body: bytes, secrets: Sequence[bytes]) -> None:
    given = text(headers, b"x-hub-signature-256")
    if not secrets:
        raise Rejection(401, "No webhook secret", "this House has no secret for GitHub's webhooks yet")
    if not given:
        old = b"x-hub-signature" in headers
        detail = "SHA-1 signatures are not accepted: " if old else ""
        detail += "expected X-Hub-Signature-256, which GitHub sends when the webhook has a secret"
        raise Rejection(401, "Signature missing", detail, [("X-Hub-Signature-256", "missing")])
    if not github_holds(secrets, body, given):
        detail = "X-Hub-Signature-256 is not that of this body under any secret of this House"
        raise Rejection(401, "Bad signature", detail, [("X-Hub-Signature-256", "does not match")])


class _Typed(Struct, frozen=True):
    type: Kind | UnsetType = UNSET


_typed = msgspec.json.Decoder(_Typed)


def from_standard(
    name: str, headers: Headers, body: bytes, secrets: Sequence[str], now_us: int
) -> DeliveryAccepted:
    """The delivery that a Standard Webhooks request of the sender `name` makes.

    Its kind is the body's `type`, or `webhook` where it has none.

    Raises:
        Rejection: 415 content type; 401 headers, window or signature; 400 JSON or its `type`.
    """
    content_type(headers, JSON)
    message, sent, given = (text(headers, b"webhook-" + part) for part in (b"id", b"timestamp", b"signature"))
    missing = [
        (f"webhook-{part}", "missing")
        for part, value in (("id", message), ("timestamp", sent), ("signature", given))
        if not value
    ]
    if missing:
        raise Rejection(
            401, "Signature missing", "expected " + ", ".join(field for field, _ in missing), missing
        )
    if not _SECONDS.fullmatch(sent) or abs(int(sent) * SECOND_US - now_us) > WINDOW_US:
        detail = "expected seconds since 1970, at most 5 minutes from now"
        raise Rejection(
            401, "Outside the window", f"webhook-timestamp: {detail}", [("webhook-timestamp", detail)]
        )
    if not standard_holds(secrets, message, int(sent), utf8(body), given):
        detail = "webhook-signature is not that of this message under this sender's secret"
        raise Rejection(401, "Bad signature", detail, [("webhook-signature", "does not match")])
    kind = reading(lambda: _typed.decode(body), body, "a webhook").type
    return DeliveryAccepted(
        source=f"standard.{name}",
        digest=sha256(body).hexdigest(),
        kind="webhook" if kind is UNSET else kind,
        size_bytes=len(body),
        received_at_us=now_us,
        hint=hint(message),
    )


def hint(sent: str) -> str | None:
    """The sender's own id of a delivery, where it is plain and short enough to keep."""
    return sent if _HINT.fullmatch(sent) else None


def text(headers: Headers, name: bytes) -> str:
    """A header's value without surrounding white space, empty where it is missing."""
    return headers.get(name, b"").decode("latin-1").strip()


def content_type(headers: Headers, *accepted: str) -> str:
    """The media type of the body, one of `accepted`.

    Raises:
        Rejection: 415, when it is another one or in another charset than UTF-8.
    """
    given = text(headers, b"content-type").lower()
    media_type, _, parameters = given.partition(";")
    media_type = media_type.strip()
    charset = re.search(r'charset="?([^";\s]*)', parameters)
    if media_type not in accepted or (charset and charset[1] not in ("utf-8", "utf8")):
        expected = f"expected {' or '.join(accepted)} in UTF-8"
        raise Rejection(
            415, "Unsupported media type", f"Content-Type: {expected}", [("Content-Type", expected)]
        )
    return media_type


def utf8(body: bytes) -> str:
    """The body as text.

    Raises:
        Rejection: 400 with the position of the first byte that is not UTF-8.
    """
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise malformed("not UTF-8", body, error.start) from error


def reading(read: Callable[[], T], document: bytes, expected: str) -> T:
    """What `read` makes of the JSON `document`.

    Raises:
        Rejection: 400 with the position where it is malformed, or with the field that is not as `expected`.
    """
    utf8(document)
    try:
        return read()
    except msgspec.ValidationError as error:
        found = _AT_FIELD.fullmatch(str(error))
        detail, field = (found[1], found[2]) if found else (str(error), "")
        where = f" at {field}" if field else ""
        raise Rejection(
            400, "Body mismatch", f"this is not the body of {expected}: {detail}{where}", [(field, detail)]
        ) from error
    except msgspec.DecodeError as error:
        at = _AT_BYTE.search(str(error))
        # Where msgspec names no byte, the input ended too early.
        what = _AT_BYTE.sub("", str(error)).removeprefix("JSON is malformed: ").strip()
        raise malformed(what, document, int(at[1]) if at else len(document)) from error
    except RecursionError as error:
        raise Rejection(400, "Malformed JSON", "nested too deeply") from error


def malformed(what: str, document: bytes, byte: int) -> Rejection:
    """The refusal of a document that is not JSON from `byte` on; lines and columns count from 1."""
    line = document.count(b"\n", 0, byte) + 1
    column = byte - document.rfind(b"\n", 0, byte)
    detail = f"{what} at line {line}, column {column} (byte {byte})"
    return Rejection(400, "Malformed JSON", detail, [("", detail)])

"""Intake's HTTP side: three routes as one plain ASGI application.

It is written against ASGI itself because this is the House's hottest path: a framework's routing and request
objects cost more than the signature does. Bodies and secrets are never logged.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec

from functions.intake.accept import BODY_BYTES_MAX, Headers, from_github, from_standard, text
from functions.intake.cloudevents import from_cloudevent
from functions.intake.room import Reservation, Room
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.ids import correlation_id, uuid5
from shared.domain.instants import rfc3339
from shared.domain.tokens import Token, token_digest
from shared.runtime.edge import Edge, Receipt, Rejection, Submission
from shared.runtime.shapes import Asgi

ATTACHMENT_BYTES_MAX = 256 * 1024
"""Larger raw bodies lie in the bucket, not beside the delivery's record."""

RETRY_AFTER_S = 5
"""When to come again after the bucket was too slow."""

BODIES_BYTES_MAX = 256 * 1024 * 1024
"""All bodies in hand at once."""

_SENDER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_STANDARD = "/webhooks/standard/"
_JSON, _PROBLEM = b"application/json", b"application/problem+json"

Judge = Callable[[bytes], tuple[DeliveryAccepted, bytes]]


class Disconnected(Exception):
    """The client went away before its body was complete: there is nobody to answer."""


def app(edge: Edge) -> Asgi:
    """The application that submits through `edge`."""

    room = Room(BODIES_BYTES_MAX)

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            headers: Headers = dict(scope["headers"])
            correlation = correlation_id(text(headers, b"x-correlation-id")) or edge.fresh_id()
            try:
                judge = _route(edge, scope, headers)
                with room.reservation() as reservation:
                    body = await _body(headers, receive, reservation)
                    accepted, receipt = await _submit(edge, judge, body, correlation)
            except Disconnected:
                return
            except Rejection as rejection:
                await _refuse(send, rejection, correlation, scope["path"])
                return
            answer = {"delivery": accepted.digest, "correlationid": receipt.correlation}
            status = 200 if receipt.duplicate else 202
            await _answer(send, status, msgspec.json.encode(answer), _JSON, receipt.correlation)

    return handle


def _route(edge: Edge, scope: Any, headers: Headers) -> Judge:
    """What judges the body of a request to this path; whoever may not send one is refused before it is read.

    Raises:
        Rejection: 404, 405; 401 or 403 for a bad token; 415 for a compressed body.
    """
    path: str = scope["path"]
    sender = path.removeprefix(_STANDARD)
    if path not in ("/webhooks/github", "/events") and (sender == path or not _SENDER.fullmatch(sender)):
        raise Rejection(
            404, "Not found", "deliveries go to /webhooks/github, /webhooks/standard/<source>, /events"
        )
    if scope["method"] != "POST":
        raise Rejection(405, "Method not allowed", "deliveries are sent with POST")
    if text(headers, b"content-encoding").lower() not in ("", "identity"):
        detail = "expected a body that is not compressed"
        raise Rejection(
            415, "Unsupported encoding", f"Content-Encoding: {detail}", [("Content-Encoding", detail)]
        )
    if path == "/events":
        _authorize(edge, headers)
        return lambda body: from_cloudevent(headers, body, edge.clock.now_us())
    if path == "/webhooks/github":
        secrets = _secrets(edge, "github")
        return lambda body: (from_github(headers, body, secrets, edge.clock.now_us()), body)
    senders_own = [secret.decode() for secret in _secrets(edge, f"standard.{sender}")]
    if not senders_own:
        raise Rejection(404, "Not found", "this House knows no sender of this name")
    return lambda body: (from_standard(sender, headers, body, senders_own, edge.clock.now_us()), body)


def _secrets(edge: Edge, name: str) -> list[bytes]:
    """The secrets under one name, several while they are rotated; none when there is no such name."""
    try:
        return [secret for part in edge.secrets.get(name).split(b",") if (secret := part.strip())]
    except KeyError:
        return []


def _authorize(edge: Edge, headers: Headers) -> None:
    """Let an operator's token through."""
    scheme, _, token = text(headers, b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= 512:
        raise Rejection(401, "Token missing", "expected Authorization: Bearer <token>")
    known = edge.state("gateway", f"token/{token_digest(token.strip())}", Token)
    if known is None or not known.opens(edge.clock.now_us()):
        raise Rejection(401, "Bad token", "this token opens nothing")
    if known.role != "operator":
        raise Rejection(403, "Not allowed", "only an operator's token may send events")


async def _body(headers: Headers, receive: Any, reservation: Reservation) -> bytes:
    """The whole body, refused as soon as it is known to be too large.

    Raises:
        Rejection: 413; 429 when other bodies leave no room for it.
        Disconnected: the client went away.
    """
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 15 or int(declared) > BODY_BYTES_MAX):
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise _too_large()
        reservation.grow(len(part))
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> Rejection:
    return Rejection(413, "Body too large", f"a body may have {BODY_BYTES_MAX:,} bytes")


async def _submit(
    edge: Edge, judge: Judge, body: bytes, correlation: str
) -> tuple[DeliveryAccepted, Receipt]:
    """Judge the body, put it away, and submit the delivery. Large bodies do not hold up the loop."""
    try:
        if len(body) <= ATTACHMENT_BYTES_MAX:
            accepted, raw = judge(body)
        else:
            accepted, raw = await asyncio.to_thread(judge, body)
        attachment: bytes | None = raw
        stream = f"delivery/{accepted.source}/{accepted.digest}"
        if len(raw) > ATTACHMENT_BYTES_MAX:
            day = rfc3339(accepted.received_at_us)[:10]
            name = f"raw/{day}/{accepted.source}/{accepted.digest}"
            # One that comes again is not kept again: its body may have been forgotten meanwhile.
            if await asyncio.to_thread(edge.state, "intake", stream, DeliveryAccepted) is None:
                await asyncio.to_thread(edge.put_away, name, raw, accepted.received_at_us)
            accepted, attachment = msgspec.structs.replace(accepted, dataref=name), None
        receipt = await edge.submit(
            Submission(
                input_id=uuid5("intake", accepted.source, accepted.digest),
                correlation=correlation,
                time_us=accepted.received_at_us,
                events=((stream, accepted),),
                attachment=attachment,
            )
        )
    except TimeoutError as error:
        detail = "the House could not put the delivery away in time; send it again"
        raise Rejection(503, "Not available", detail, retry_after_s=RETRY_AFTER_S) from error
    return accepted, receipt


async def _refuse(send: Any, rejection: Rejection, correlation: str, path: str) -> None:
    """Answer with the problem document and the headers its status asks for."""
    extra: list[tuple[bytes, bytes]] = []
    if rejection.status == 401:
        schemes = {"/events": b"Bearer", "/webhooks/github": b"X-Hub-Signature-256"}
        extra.append((b"www-authenticate", schemes.get(path, b"Webhook-Signature")))
    elif rejection.status == 405:
        extra.append((b"allow", b"POST"))
    elif rejection.status == 413:
        # The rest of the body is not read, so the connection cannot be used again.
        extra.append((b"connection", b"close"))
    if rejection.retry_after_s is not None:
        extra.append((b"retry-after", b"%d" % rejection.retry_after_s))
    await _answer(send, rejection.status, rejection.document(correlation), _PROBLEM, correlation, extra)


async def _answer(
    send: Any,
    status: int,
    body: bytes,
    media_type: bytes,
    correlation: str,
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-correlation-id", correlation.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        *(extra or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    """Nothing is opened at startup, so there is nothing to close."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return

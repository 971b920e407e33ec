"""Intake over HTTP, on a real node: what is answered, what is kept, what is never read."""

import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functions.eventlog.main import FUNCTION as EVENTLOG
from functions.intake.accept import BODY_BYTES_MAX
from functions.intake.app import ATTACHMENT_BYTES_MAX
from functions.intake.main import FUNCTION as INTAKE
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.entries import EntryRecorded
from shared.domain.event import decode
from shared.domain.ids import uuid5
from shared.domain.requests import TokenIssued, TokenRevoked
from shared.domain.signatures import github_signature, standard_signature
from shared.domain.tokens import Token, token_digest
from shared.runtime import raw
from shared.runtime.edge import Submission
from shared.runtime.node import Node, NodeEdge
from shared.runtime.settings import Settings
from shared.runtime.shapes import Fold, Function, Intake
from tests.intake.asgi import Answer, ask, drive

SECRET, STANDARD = "It's a Secret to Everybody", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LARGE = {"content-length": str(BODY_BYTES_MAX + 1)}
CORRELATION = "0af7651916cd43dd8448eb211c80319c"
STAR = json.dumps(
    {"action": "created", "starred_at": "2026-03-02T09:00:00Z", "repository": {"id": 1}, "sender": {"id": 2}}
).encode()


def held(state: Token | None, happened: TokenIssued | TokenRevoked) -> Token | None:
    if isinstance(happened, TokenIssued):
        return Token(happened.token, happened.role, happened.subject, happened.name)
    return state and msgspec.structs.replace(state, revoked=True)


TOKENS: Fold[Token | None] = Fold("token", Token, None, held)
GATEWAY = Function("gateway", "requests", (Intake(paths=(), app=INTAKE.intakes[0].app, folds=(TOKENS,)),))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    data: Path = tmp_path_factory.mktemp("house")
    settings = Settings(
        data=data, github_secrets=("another one", SECRET), standard_secrets=(("lens", STANDARD),)
    )
    node = Node(settings, [INTAKE, EVENTLOG, GATEWAY])
    node.start()
    yield node
    node.stop()


def signed(node: Node, body: bytes, event: str = "star", **headers: str | None) -> Answer:
    sent: dict[str, Any] = {
        "content_type": "application/json",
        "x_github_event": event,
        "x_hub_signature_256": github_signature(SECRET.encode(), body),
    }
    answer = ask(node.app, "/webhooks/github", body, headers=sent | headers)
    assert answer is not None
    return answer


def token(node: Node, role: Any, name: str, revoked: bool = False) -> str:
    """A new token of the role, as the gateway would have issued it."""
    digest = token_digest(name)
    events: tuple[Any, ...] = ((f"token/{digest}", TokenIssued(digest, role, "*", name, 1)),)
    if revoked:
        events += ((f"token/{digest}", TokenRevoked(digest)),)
    submission = Submission(uuid5("token", name), CORRELATION, 1, events)
    node.worker.run(lambda: node.shells["gateway"].accept([submission])).result(10)
    return name


def distinct(name: str) -> bytes:
    return STAR.replace(b"}}", b'}, "name": "%s"}' % name.encode())


def entries_of(node: Node, correlation: str) -> list[EntryRecorded]:
    """The entries of a journey, once the event log has seen it."""
    for _ in range(200):
        found = [
            decode(e.type, e.data) for e in node.wired.store.journey(correlation) if e.function == "eventlog"
        ]
        if found:
            return [entry for entry in found if isinstance(entry, EntryRecorded)]
        time.sleep(0.02)
    raise AssertionError("the event log did not see the delivery within 4 s")


def opened(node: Node, kept: bytes | None, entry: EntryRecorded) -> bytes | None:
    """The raw body, which lies sealed wherever it lies."""
    return raw.opened(kept, entry.received_at_us, node.wired.ports.seals)


def test_a_delivery_is_accepted_once_and_becomes_an_entry(node: Node) -> None:
    body = distinct("once")
    first = signed(node, body, x_correlation_id=CORRELATION)
    assert (first.status, first.json) == (
        202,
        {"delivery": sha256(body).hexdigest(), "correlationid": CORRELATION},
    )
    again = signed(node, body)
    assert (again.status, again.json) == (200, first.json)
    assert again.headers["x-correlation-id"] == CORRELATION
    [entry] = entries_of(node, CORRELATION)
    assert (entry.kind, entry.delivery) == ("star", sha256(body).hexdigest())
    kept = node.wired.store.attachment(f"delivery/github/{sha256(body).hexdigest()}")
    assert (opened(node, kept, entry), b"sender" in (kept or b"")) == (body, False)


def test_a_correlation_id_that_is_none_is_replaced(node: Node) -> None:
    answer = signed(node, distinct("replaced"), x_correlation_id="not an id")
    assert answer.headers["x-correlation-id"] == answer.json["correlationid"] != "not an id"
    assert len(answer.json["correlationid"]) == 32


def test_a_large_body_goes_to_the_bucket_and_still_becomes_an_entry(node: Node) -> None:
    body = STAR.replace(b"}}", b'}, "padding": "%s"}' % (b"x" * ATTACHMENT_BYTES_MAX))
    answer = signed(node, body)
    stream = f"delivery/github/{answer.json['delivery']}"
    [recorded] = node.wired.store.read(stream)
    accepted = decode(recorded.type, recorded.data)
    assert isinstance(accepted, DeliveryAccepted)
    assert accepted.dataref is not None
    assert accepted.dataref.endswith(f"/github/{answer.json['delivery']}")
    kept = node.wired.ports.bucket.get(accepted.dataref)
    assert node.wired.store.attachment(stream) is None
    [entry] = entries_of(node, answer.json["correlationid"])
    assert (entry.kind, entry.refusal) == ("star", None)
    assert (opened(node, kept, entry), b"padding" in (kept or b"")) == (body, False)


def test_a_standard_webhook_is_accepted(node: Node) -> None:
    now_s = int(time.time())
    answer = ask(
        node.app,
        "/webhooks/standard/lens",
        b'{"type": "critique.done"}',
        headers={
            "content-type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(now_s),
            "webhook-signature": standard_signature(STANDARD, "msg_1", now_s, '{"type": "critique.done"}'),
        },
    )
    assert answer is not None
    assert answer.status == 202
    [entry] = entries_of(node, answer.json["correlationid"])
    assert (entry.kind, entry.parties) == ("critique.done", ())


CLOUDEVENT = json.dumps(
    {"specversion": "1.0", "id": "1", "source": "/lens", "type": "org.example.made"}
).encode()


def send_event(node: Node, bearer: str | None) -> Answer:
    authorization = None if bearer is None else f"Bearer {bearer}"
    sent = {"content-type": "application/cloudevents+json", "authorization": authorization}
    answer = ask(node.app, "/events", CLOUDEVENT, headers=sent)
    assert answer is not None
    return answer


def test_an_operator_may_send_a_cloudevent_and_nobody_else(node: Node) -> None:
    assert send_event(node, None).status == 401
    assert send_event(node, "").status == 401
    assert send_event(node, "made-up").status == 401
    assert send_event(node, "x" * 513).status == 401
    assert send_event(node, token(node, "operator", "revoked", revoked=True)).status == 401
    assert send_event(node, token(node, "developer", "a developer's")).status == 403
    assert send_event(node, token(node, "client", "a client's")).status == 403
    answer = send_event(node, token(node, "operator", "an operator's"))
    assert answer.status == 202
    assert entries_of(node, answer.json["correlationid"])[0].kind == "org.example.made"
    assert send_event(node, "an operator's").status == 200


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/webhooks/", "POST", {}, 404),
        ("/webhooks/gitlab", "POST", {}, 404),
        ("/webhooks/github/", "POST", {}, 404),
        ("/webhooks/standard/", "POST", {}, 404),
        ("/webhooks/standard/unknown", "POST", {}, 404),
        ("/webhooks/standard/lens/x", "POST", {}, 404),
        ("/webhooks/standard/../github", "POST", {}, 404),
        ("/eventsmore", "POST", {}, 404),
        ("/webhooks/github", "GET", {}, 405),
        ("/webhooks/standard/lens", "PUT", {}, 405),
        ("/events", "DELETE", {}, 405),
        ("/webhooks/github", "POST", {}, 415),
        ("/webhooks/github", "POST", {"content_encoding": "gzip"}, 415),
        ("/webhooks/github", "POST", {"content_type": "application/json"}, 401),
        ("/webhooks/standard/lens", "POST", {"content_type": "application/json"}, 401),
        ("/webhooks/github", "POST", {"content_length": str(BODY_BYTES_MAX + 1)}, 413),
        ("/webhooks/github", "POST", {"content_length": "9" * 5000}, 413),
    ],
)
def test_a_request_that_is_refused_gets_a_problem_document(
    node: Node, path: str, method: str, headers: dict[str, Any], status: int
) -> None:
    head = node.wired.store.head()
    answer = ask(node.app, path, STAR, method, headers={"x-correlation-id": CORRELATION} | headers)
    assert answer is not None
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"] == CORRELATION
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert (answer.json["status"], answer.json["correlationid"]) == (status, CORRELATION)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("allow" in answer.headers) == (status == 405)
    assert node.wired.store.head() == head


def test_a_bad_signature_and_malformed_json_are_told_apart(node: Node) -> None:
    assert signed(node, b"{", x_hub_signature_256="sha256=" + "0" * 64).status == 401
    answer = signed(node, b"{")
    assert (answer.status, answer.json["errors"][0]["detail"]) == (
        400,
        "Input data was truncated at line 1, column 2 (byte 1)",
    )


def test_a_body_in_parts_is_one_body(node: Node) -> None:
    body = distinct("parts")
    whole = github_signature(SECRET.encode(), body)
    answer = ask(
        node.app,
        "/webhooks/github",
        [body[:10], b"", body[10:]],
        headers={"content-type": "application/json", "x-github-event": "star", "x-hub-signature-256": whole},
    )
    assert answer is not None
    assert answer.status == 202


def test_a_body_that_grows_too_large_is_not_read_to_its_end(node: Node) -> None:
    part = b"x" * (BODY_BYTES_MAX // 4)
    answer = ask(node.app, "/webhooks/github", [part] * 100, headers={"content-type": "application/json"})
    assert answer is not None
    assert (answer.status, answer.messages_read, answer.headers["connection"]) == (413, 5, "close")


def test_a_large_claim_and_a_bad_token_are_refused_before_the_body_is_read(node: Node) -> None:
    for path, headers in (("/webhooks/github", LARGE), ("/events", None)):
        answer = ask(node.app, path, b"x", headers=headers)
        assert answer is not None
        assert answer.messages_read == 0


def test_a_client_that_goes_away_leaves_nothing(node: Node) -> None:
    head = node.wired.store.head()
    assert ask(node.app, "/webhooks/github", STAR[:10], gone=True) is None
    assert node.wired.store.head() == head


def test_the_application_starts_and_stops_with_its_server(node: Node) -> None:
    said: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    [intake] = INTAKE.intakes
    drive(intake.app(NodeEdge(node, node.shells["intake"], intake)), {"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_redelivery_by_another_event_name_does_not_make_a_second_entry(node: Node) -> None:
    body = b'{"sender": {"id": 2}, "n": 1}'
    first = signed(node, body, event="issues")
    assert signed(node, body, event="gollum").json == first.json
    assert [entry.kind for entry in entries_of(node, first.json["correlationid"])] == ["issues"]

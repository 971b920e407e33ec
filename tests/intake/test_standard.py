"""Which Standard Webhooks become deliveries, and what the others are told."""

from hashlib import sha256

import pytest

from functions.intake.accept import WINDOW_US, from_standard
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.instants import SECOND_US
from shared.domain.signatures import standard_signature
from shared.runtime.edge import Rejection
from tests.given import NOW_US
from tests.intake.test_github import as_json

STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = NOW_US // SECOND_US


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

"""GitHub: a webhook request as GitHub sends it.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
"""

import uuid
from urllib.parse import urlencode

from shared.domain.signatures import github_signature

USER_AGENT = "GitHub-Hookshot/044aadd"


def request(
    event: str, payload: bytes, secret: bytes, *, form: bool = False, delivery: str | None = None
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one delivery of `payload` (JSON), signed over the body as it is sent."""
    body = urlencode({"payload": payload}).encode() if form else payload
    return body, {
        "accept": "*/*",
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "user-agent": USER_AGENT,
        "x-github-event": event,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": github_signature(secret, body),
    }

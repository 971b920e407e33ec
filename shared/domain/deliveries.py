"""The topic `deliveries`: webhook requests, as they arrived. Written by intake."""

from shared.domain.event import Event, event


@event("house.intake.delivery-accepted.v1")
class DeliveryAccepted(Event, frozen=True):
    """One webhook request whose signature held. Stream: `delivery/<source>/<digest>`, its whole life.

    `source` is `github`, `standard.<name>` or `events`; `kind` the event name the sender gave, already
    checked against the body's shape; `digest` the hex SHA-256 of the raw body; `form` whether the JSON came
    in the field `payload` of a form. The raw body is the stream's attachment for 30 days, or, where it is
    large, the object `dataref` of the bucket. A CloudEvent in binary mode is kept in structured form.
    """

    source: str
    digest: str
    kind: str
    size_bytes: int
    received_at_us: int
    form: bool = False
    hint: str | None = None  # X-GitHub-Delivery or webhook-id: not covered by the digest, so only a hint
    dataref: str | None = None

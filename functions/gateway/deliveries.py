"""Intake's three paths, for the documentation alone: intake answers them."""

from functions.gateway.answers import log as answers
from functions.gateway.call import JSON, Route

ROUTES = (
    Route(
        "POST",
        "/webhooks/github",
        "Deliver a GitHub webhook (X-Hub-Signature-256)",
        None,
        body=JSON,
        answer=answers.Delivered,
        status=202,
        refusals=(200, 400, 401, 503),
    ),
    Route(
        "POST",
        "/webhooks/standard/{source}",
        "Deliver a Standard Webhooks message (webhook-signature)",
        None,
        body=JSON,
        answer=answers.Delivered,
        status=202,
        refusals=(200, 400, 401, 404, 503),
    ),
    Route(
        "POST",
        "/events",
        "Deliver a CloudEvent, in structured or binary mode",
        None,
        ("operator",),
        body="application/cloudevents+json",
        answer=answers.Delivered,
        status=202,
        refusals=(200, 400, 503),
    ),
)

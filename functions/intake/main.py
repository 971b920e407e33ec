"""Intake, as it is wired: HTTP in, the topic `deliveries` out."""

from functions.intake.accept import DELIVERY
from functions.intake.app import app
from shared.runtime.serve import serve
from shared.runtime.shapes import Function, Intake

FUNCTION = Function(
    name="intake",
    writes="deliveries",
    shapes=(Intake(paths=("/webhooks/", "/events"), app=app, views=("gateway",), folds=(DELIVERY,)),),
    secrets=("github", "standard.*"),
)

intake = serve(FUNCTION)

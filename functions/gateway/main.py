"""Gateway, as it is wired: HTTP in, the topic `requests` out; it reads every function's states."""

from functions.gateway.app import app
from functions.gateway.folds import CLIENT, COMMIT, KEY, PERSON, TOKEN
from shared.runtime.serve import serve
from shared.runtime.shapes import EVERY, Function, Intake

FUNCTION = Function(
    name="gateway",
    writes="requests",
    shapes=(
        Intake(
            paths=("/",),
            app=app,
            views=EVERY,
            folds=(TOKEN, KEY, COMMIT, PERSON, CLIENT),
        ),
    ),
    secrets=("oauth", "operator", "pepper", "sign-in"),
    ledger="reads",
)

gateway = serve(FUNCTION)

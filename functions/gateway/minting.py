"""Making tokens: from chance, or from a secret of the node, so that the same is made again of the same.

A token is 32 random bytes, shown once. Where its request carries an Idempotency-Key it is made from that key instead, so
that a request repeated because its answer was lost gets the same token, not a second.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode

from functions.gateway.auth import PREFIX
from functions.gateway.call import Call

TOKEN_BYTES = 32


def minted(call: Call, *what: str) -> str:
    """A new token, of its kind's own where `what` names the kind; the same again for the same Idempotency-Key."""
    if "idempotency-key" in call.headers:
        return derived(call, *what, call.input_id)
    return _text(secrets.token_bytes(TOKEN_BYTES))


def derived(call: Call, *what: str) -> str:
    """A token that only this node can make, the same each time it is made of the same."""
    word = "\0".join(("token", *what)).encode()
    return _text(hmac.digest(call.edge.secrets.get("sign-in"), word, "sha256"))


def _text(raw: bytes) -> str:
    return PREFIX + urlsafe_b64encode(raw).rstrip(b"=").decode()

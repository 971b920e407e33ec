"""Signing in with an SSH key: the House gives a challenge, the developer signs it, `ssh-keygen -Y verify` judges.

The challenge is a nonce under the node's own seal, so nothing is kept of those that nobody answers. Whose key it is says
the register of keys. The namespace names the House's host: a signature for one House opens no other.
"""

import secrets

from functions.gateway.call import Call, bad
from functions.gateway.entering import Shown, host
from functions.gateway.sealed import Pass, seal, unseal
from functions.gateway.signers import not_judged, signer
from shared.domain import ssh
from shared.domain.instants import MINUTE_US
from shared.domain.ssh import BadSignature
from shared.runtime.edge import Rejection

CHALLENGE_US = 5 * MINUTE_US


def namespace(call: Call) -> str:
    """What a sign-in's signature is for."""
    return f"house-sign-in@{host(call.edge.house.origin)}"


def challenge(call: Call) -> tuple[str, int]:
    """A fresh challenge, and until when it may be answered. It consists of characters that a shell leaves alone."""
    nonce = Pass(secrets.token_hex(32), call.now_us + CHALLENGE_US)
    return seal(call.edge.secrets.get("sign-in"), "challenge", nonce), nonce.until_us


def signed(call: Call, given: str, signature: str) -> Shown:
    """Who has signed the challenge and a line feed.

    Raises:
        Rejection: 400, 403 or 503: it is none of ours, is over, or the signature shows nobody.
    """
    nonce = unseal(call.edge.secrets.get("sign-in"), "challenge", given, call.now_us)
    if nonce is None:
        detail = (
            f"this challenge is none of this House, or is over; one lasts {CHALLENGE_US // MINUTE_US} minutes"
        )
        raise Rejection(400, "Bad challenge", detail, [("challenge", detail)])
    # As it comes out of a form or an editor.
    armoured = "\n".join(signature.split("\r\n")).strip().encode()
    try:
        key = ssh.signature(armoured).key
    except BadSignature as error:
        raise bad("signature", str(error)) from error
    # Looked up before it is judged, so that only known keys cost a process.
    known = signer(call.edge, key.fingerprint)
    if isinstance(known, str):
        raise _refused(known)
    try:
        refusal = call.edge.ssh.refusal(f"{given}\n".encode(), armoured, namespace(call), key)
    except TimeoutError as error:
        raise not_judged(error) from error
    if refusal:
        raise _refused(refusal)
    evidence = f"a signature by the SSH key {key.fingerprint}"
    return Shown(nonce.digest, known.developer, f"{known.developer}/{known.login}", evidence)


def _refused(reason: str) -> Rejection:
    return Rejection(403, "Not signed in", reason, [("signature", reason)])

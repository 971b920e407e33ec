"""Signing with a developer's own key: ssh-keygen does it, and the private key stays where it is."""

import subprocess
from pathlib import Path

from shared.cli.failures import Failure

SIGNING_S_MAX = 120
"""For whoever has to type a passphrase or to touch a security key."""


def signed(file: Path, said: bytes, namespace: str) -> str:
    """The armoured signature over `said`; `file` is the private key, or the public one of a key in the ssh-agent.

    Raises:
        Failure: ssh-keygen could not.
    """
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(file)]
    try:
        done = subprocess.run(command, input=said, capture_output=True, timeout=SIGNING_S_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"ssh-keygen could not sign: {error}") from error
    if done.returncode != 0:
        raise Failure(f"ssh-keygen could not sign with {file}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("ascii")

"""ssh-keygen: OpenSSH's own program judges SSH signatures (`ssh-keygen -Y verify`)."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.domain import ssh
from shared.domain.ssh import BadSignature, PublicKey

JUDGING_S_MAX = 10.0
"""For one signature, the wait for a free place included."""
CONCURRENCY = 4
_SIGNER = "signer"


class SshKeygen:
    """See SshJudge. Each call is one process without a shell; its files are in a directory of its own, mode 0700."""

    def __init__(self, program: str = "ssh-keygen") -> None:
        self._program = program
        self._places = threading.BoundedSemaphore(CONCURRENCY)

    def refusal(
        self, message: bytes, signature: bytes, namespace: str, key: PublicKey | None = None
    ) -> str | None:
        """See SshJudge."""
        try:
            said = ssh.signature(signature)
        except BadSignature as error:
            return str(error)
        if said.namespace != namespace:
            return f"the signature is not for the namespace {namespace}"
        if key is not None and said.key != key:
            return f"the signature is by the key {said.key.fingerprint}, not by {key.fingerprint}"
        if not self._places.acquire(timeout=JUDGING_S_MAX):
            raise TimeoutError("ssh-keygen is busy")
        try:
            return self._judged(message, signature, namespace, said.key, named=key is not None)
        finally:
            self._places.release()

    def _judged(
        self, message: bytes, signature: bytes, namespace: str, by: PublicKey, *, named: bool
    ) -> str | None:
        with TemporaryDirectory(prefix="house-ssh-") as directory:
            files = Path(directory)
            (files / "signature").write_bytes(signature + b"\n")
            if named:
                (files / "signers").write_text(f'{_SIGNER} namespaces="{namespace}" {by.line}\n', "ascii")
            asked = ["verify", "-f", str(files / "signers"), "-I", _SIGNER] if named else ["check-novalidate"]
            command = [self._program, "-Y", *asked, "-n", namespace, "-s", str(files / "signature")]
            try:
                ended = subprocess.run(
                    command, input=message, capture_output=True, timeout=JUDGING_S_MAX, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(f"ssh-keygen took more than {JUDGING_S_MAX:.0f} s") from error
            except OSError as error:
                raise TimeoutError(f"ssh-keygen cannot be run: {error.strerror}") from error
        # The fingerprint in its answer shows that it and we have read the same key.
        holds = ended.returncode == 0 and by.fingerprint.encode() in ended.stdout.split()
        return None if holds else "the signature does not hold: something signed, or the key, was changed"

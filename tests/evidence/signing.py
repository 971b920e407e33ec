"""Real keys and real signed commits, by ssh-keygen and git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from shared.domain.ssh import PublicKey, public_key


class Signer:
    """A developer's machine: one key, and a repository that signs with it."""

    def __init__(self, directory: Path, kind: str = "ed25519", *bits: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory, self.key_file = directory, directory / "key"
        make = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "a key", "-f", str(self.key_file)]
        subprocess.run(make, check=True)
        self.line = self.key_file.with_suffix(".pub").read_text().strip()

    @property
    def key(self) -> PublicKey:
        return public_key(self.line)

    def git(self, *words: str, standard_input: bytes | None = None) -> bytes:
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "HOME": str(self._directory),
        }
        identity = ["-c", "user.name=Zoë", "-c", "user.email=zoe@example.org", "-c", "gpg.format=ssh"]
        command = ["git", *identity, "-c", f"user.signingKey={self.key_file}", *words]
        done = subprocess.run(
            command,
            cwd=self._directory,
            env=environment,
            input=standard_input,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message: str, *, signed: bool = True, object_format: str = "sha1") -> bytes:
        """A raw commit object, made by git."""
        if not (self._directory / ".git").exists():
            self.git("init", "-q", f"--object-format={object_format}")
        sign = "-S" if signed else "--no-gpg-sign"
        self.git(
            "commit",
            "-q",
            "--allow-empty",
            "--cleanup=verbatim",
            sign,
            "-F",
            "-",
            standard_input=message.encode(),
        )
        return self.git("cat-file", "commit", "HEAD")

    def sign(self, message: bytes, namespace: str) -> bytes:
        """An armoured signature over `message`."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(self.key_file), "-n", namespace]
        done = subprocess.run(command, input=message, capture_output=True, check=True)
        return done.stdout.removesuffix(b"\n")

"""Whether an SSH signature holds."""

from typing import Protocol

from shared.domain.ssh import PublicKey


class SshJudge(Protocol):
    """OpenSSH's judgement of signatures in its SSHSIG format. Calls block; at most a few run at a time."""

    def refusal(
        self, message: bytes, signature: bytes, namespace: str, key: PublicKey | None = None
    ) -> str | None:
        """Why `signature` (armoured) is none over `message` for `namespace`, or None: it holds.

        With `key` it must be by that key; without, by the one that it names itself, whosever that is.

        Raises:
            TimeoutError: nobody could judge it within 10 s; try again.
        """

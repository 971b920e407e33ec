"""The verdict on one raw commit object: what it is, by which key it is signed, and whether that holds."""

from typing import Literal

from msgspec import Struct

from shared.domain import commits, ssh
from shared.domain.commits import Commit, MalformedCommit, SignatureKind
from shared.domain.ssh import BadSignature, PublicKey
from shared.ports.ssh_judge import SshJudge

NAMESPACE = "git"
Verdict = Literal["valid", "invalid", "unsigned", "unjudged", "malformed"]


class Judged(Struct, frozen=True):
    """A commit object with the verdict on it.

    `valid`: the SSH signature is over these bytes by the key whose `fingerprint` is given; whose key that is, is for
    others to say. `unjudged`: signed, but not with SSH. `reason` is None where it is valid.
    """

    sha1: str
    sha256: str
    verdict: Verdict
    reason: str | None = None
    signature: SignatureKind | None = None
    fingerprint: str | None = None
    commit: Commit | None = None


def judge(raw: bytes, judge: SshJudge, key: PublicKey | None = None) -> Judged:
    """The verdict on `raw`. With `key` only a signature by that key is valid.

    Raises:
        TimeoutError: the signature could not be judged now.
    """
    named = commits.names(raw)
    try:
        commit = commits.parse(raw)
    except MalformedCommit as error:
        return Judged(named.sha1, named.sha256, "malformed", str(error))
    kind = commit.signature_kind

    def judged(verdict: Verdict, reason: str | None, fingerprint: str | None = None) -> Judged:
        return Judged(named.sha1, named.sha256, verdict, reason, kind, fingerprint, commit)

    if commit.signature is None:
        return judged("unsigned", "the commit carries no signature")
    if kind != "ssh":
        what = "a PGP" if kind == "pgp" else "an X.509"
        return judged("unjudged", f"{what} signature is not judged here: only SSH keys can be registered")
    try:
        by = ssh.signature(commit.signature).key.fingerprint
    except BadSignature as error:
        return judged("invalid", str(error))
    refusal = judge.refusal(commit.payload, commit.signature, NAMESPACE, key)
    return judged("invalid" if refusal else "valid", refusal, by)

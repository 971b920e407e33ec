"""Every recorded commit is judged rightly, and none of them once it was tampered with."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.ssh_keygen import SshKeygen
from shared.domain.commits import parse
from shared.runtime.commit_verdict import judge
from tests.evidence.signing import Signer
from tests.shared_data import shared_data

JUDGE = SshKeygen()
VERDICTS = {"none": "unsigned", "pgp": "unjudged", "ssh": "valid"}


def recorded() -> list[tuple[dict[str, Any], bytes]]:
    folder = shared_data("commits")
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    assert len(manifest) == 40
    return [(one, (folder / one["file"]).read_bytes()) for one in manifest]


@pytest.mark.shared_data
def test_every_recorded_commit_is_judged_rightly(tmp_path: Path) -> None:
    for one, raw in recorded():
        judged = judge(raw, JUDGE)
        assert judged.sha1 == one["sha1"]
        assert judged.signature == one["signature"]
        assert judged.verdict == VERDICTS[one["signature"]], one["file"]
        assert (judged.reason is None) == (judged.verdict == "valid")
        assert (judged.fingerprint is not None) == (one["signature"] == "ssh")
        if judged.fingerprint:
            # What ssh-keygen by itself says of the same signature.
            commit = parse(raw)
            (tmp_path / "signature").write_bytes(commit.signature or b"")
            asked = ["ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", str(tmp_path / "signature")]
            said = subprocess.run(asked, input=commit.payload, capture_output=True, check=True)
            assert said.stdout.decode().split()[-1] == judged.fingerprint


@pytest.mark.shared_data
def test_a_recorded_commit_that_was_tampered_with_is_not_valid() -> None:
    signed = [raw for one, raw in recorded() if one["signature"] == "ssh"]
    assert len(signed) == 20
    for raw in signed:
        for change in (
            raw + b"\n",
            raw.replace(b"author ", b"author X", 1),
            raw.replace(b"tree ", b"tree 0", 1)[:45] + raw[44:],
            raw.replace(b" +0", b" +1", 1) if b" +0" in raw else raw.replace(b" -0", b" -1", 1),
            raw.replace(b"\n\n", b"\nencoding UTF-8\n\n", 1),
            raw.replace(b"\n\n", b"\n\nX", 1),
        ):
            judged = judge(change, JUDGE)
            assert change != raw
            assert judged.verdict in ("invalid", "malformed")
            assert judged.reason
    other = parse(signed[0]).signature or b""
    own = parse(signed[1]).signature or b""
    exchanged = signed[1].replace(own.replace(b"\n", b"\n "), other.replace(b"\n", b"\n "))
    assert exchanged != signed[1]
    assert judge(exchanged, JUDGE).verdict == "invalid"


def test_only_the_named_key_makes_it_valid(tmp_path: Path) -> None:
    signer, other = Signer(tmp_path / "a"), Signer(tmp_path / "b")
    raw = signer.commit("hello")
    assert judge(raw, JUDGE, signer.key).verdict == "valid"
    refused = judge(raw, JUDGE, other.key)
    assert (refused.verdict, refused.fingerprint) == ("invalid", signer.key.fingerprint)


def test_a_signature_for_another_purpose_is_no_commit_signature(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    raw = signer.commit("hello", signed=False)
    armoured = signer.sign(raw, "file").replace(b"\n", b"\n ")
    judged = judge(raw.replace(b"\n\n", b"\ngpgsig " + armoured + b"\n\n", 1), JUDGE)
    assert (judged.verdict, judged.reason) == ("invalid", "the signature is not for the namespace git")


def test_x509_is_named_and_not_judged(tmp_path: Path) -> None:
    raw = Signer(tmp_path).commit("hello", signed=False)
    signature = b"\ngpgsig -----BEGIN SIGNED MESSAGE-----\n AAAA\n -----END SIGNED MESSAGE-----\n\n"
    judged = judge(raw.replace(b"\n\n", signature, 1), JUDGE)
    assert (judged.signature, judged.verdict) == ("x509", "unjudged")
    assert "an X.509 signature is not judged" in str(judged.reason)

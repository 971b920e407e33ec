"""`house commit check`: one answer a file, in order, and an exit code that scripts can trust."""

import io
import json
import sys
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.cli.main import main
from shared.domain.commits import names
from tests.evidence.signing import Signer
from tests.loopback import Loopback, in_json
from tests.shared_data import shared_data


@pytest.mark.shared_data
def test_the_recorded_commits_are_judged_in_the_order_given(capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared_data("commits")
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    files = [str(folder / one["file"]) for one in manifest]
    assert main(["commit", "check", *files, "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["file"] for one in found] == files
    assert [(one["sha1"], one["signature"]) for one in found] == [
        (one["sha1"], one["signature"]) for one in manifest
    ]
    keys = ["file", "sha1", "sha256", "signature", "fingerprint", "verdict", "reason"]
    assert all(list(one) == keys for one in found)
    assert {one["verdict"] for one in found if one["signature"] == "ssh"} == {"valid"}


def test_one_tampered_commit_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    raw = Signer(tmp_path / "signer").commit("hello")
    good.write_bytes(raw)
    bad.write_bytes(raw + b"!")
    assert main(["commit", "check", str(good)]) == 0
    assert main(["commit", "check", str(bad), str(good)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "  valid  SHA256:" in lines[0]
    assert "  invalid  SHA256:" in lines[1]
    assert lines[1].endswith("the signature does not hold: something signed, or the key, was changed")


def test_a_commit_comes_by_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = Signer(tmp_path).commit("hello", signed=False)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    assert main(["commit", "check", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "unsigned"


def test_a_commit_over_the_limit_is_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "large").write_bytes(b"x" * 10_000_000)
    assert main(["commit", "check", str(tmp_path / "large"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["sha1"]) == ("malformed", None)
    assert "1,048,576 bytes" in found["reason"]


def test_what_is_no_file_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["commit", "check", str(tmp_path / "nowhere")]) == 2
    assert main(["commit", "check", str(tmp_path)]) == 2
    assert main(["commit", "check", "-", "-"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "no such file" in told.err
    assert "this is a directory" in told.err
    assert "can be given once" in told.err


def test_the_commit_that_is_named_is_sent_and_no_replacement_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer(tmp_path)
    raw, other = signer.commit("mine"), signer.commit("another's", signed=False)
    signer.git("replace", "--force", names(raw).sha1, names(other).sha1)
    taken = {"commit": "", "grade": "signed", "signer": "dev_", "fingerprint": "", "refusal": None}
    monkeypatch.setenv("HOUSE_TOKEN", "hse_alice")
    with Loopback(lambda _: in_json(taken, 202)) as server:
        argv = ["commit", "submit", names(raw).sha1, "--repo", str(tmp_path), "--url", server.url]
        assert main(argv) == 0
        assert b64decode(json.loads(server.asked[0].body)["commit"]) == raw
        for injected in ("--textconv", "--filters", "-p", "HEAD:x"):
            assert (
                main(["commit", "submit", "--repo", str(tmp_path), "--url", server.url, "--", injected]) == 2
            )
        assert len(server.asked) == 1

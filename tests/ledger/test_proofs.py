"""One entry is proven offline, by a small file."""

import random
import shutil
from pathlib import Path

import pytest

from shared.cli.main import main
from tests.given import NOW_US
from tests.ledger.publishing import ADA, Publishing, entry_of, laid_out
from tests.ledger.verifying import ENTRIES, refused, verify


def test_a_proof_is_checked_without_the_ledger(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = repository.parent / "house.key"
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "proof", ENTRIES[1].hash, "--ledger", str(repository)]) == 0
    path = tmp_path / capsys.readouterr().out.strip()
    shutil.rmtree(repository)
    assert verify("--proof", path, "--key", key, "--entry", ENTRIES[1].hash) == 0
    said = capsys.readouterr().out
    assert f"{ENTRIES[1].hash} is leaf 1 of 3 in the ledger house.example" in said
    assert "holds" in said
    assert path.stat().st_size < 1_500
    whole = path.read_bytes()
    assert whole.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    assert "it proves" in refused(capsys, "--proof", path, "--entry", ENTRIES[0].hash)
    dice = random.Random(6)
    for place in (dice.randrange(len(whole)) for _ in range(120)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused(capsys, "--proof", path, "--key", key)


def test_an_entry_is_found_by_the_commit_that_it_is_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    anchors = ["a" * 40, "b" * 40, "b" * 40]
    entries = [
        entry_of(number, ADA, at_us=NOW_US + number, kind="commit", anchor=anchor)
        for number, anchor in enumerate(anchors)
    ]
    at = Publishing()
    at.agree(ADA)
    at.enter(entries)
    at.publish()
    repository = str(laid_out(at.state, at.bucket, tmp_path))
    assert main(["ledger", "proof", anchors[0], "--ledger", repository, "--output", "a"]) == 0
    assert verify("--proof", "a", "--entry", entries[0].hash) == 0
    assert verify(repository, "--entry", anchors[0]) == 0
    assert "leaf        0" in capsys.readouterr().out
    assert f"2 entries are about the commit {anchors[1]}" in refused(
        capsys, repository, "--entry", anchors[1]
    )


def test_what_is_not_there_cannot_be_proven(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "proof", "f" * 40, "--ledger", str(repository)]) == 1
    assert "there is no entry or opt-in" in capsys.readouterr().err
    assert "there is no entry or opt-in" in refused(capsys, repository, "--entry", "f" * 40)
    assert "No such file" in refused(capsys, "--proof", "nowhere.tlog-proof", code=2)

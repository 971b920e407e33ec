"""One entry is proven offline, by a small file."""

import random
import shutil
from pathlib import Path

import pytest

from shared.cli.main import main
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


def test_what_is_not_there_cannot_be_proven(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "proof", "f" * 40, "--ledger", str(repository)]) == 1
    assert "there is no entry or opt-in" in capsys.readouterr().err
    assert "there is no entry or opt-in" in refused(capsys, repository, "--entry", "f" * 40)
    assert "No such file" in refused(capsys, "--proof", "nowhere.tlog-proof", code=2)

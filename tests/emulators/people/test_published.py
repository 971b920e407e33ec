"""The public ledger on Google's engine: real git clones it from the gateway, and nobody has to be trusted for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain.notes import Key, key_of
from tests.emulators.people.commands import Commands
from tests.emulators.people.conftest import Played
from tests.emulators.people.place import Place
from tests.emulators.people.scan import files, naming
from tests.end_to_end.test_erasure import words
from tests.ledger.publishing import git

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(400)]


def test_the_ledger_is_cloned_and_proved_with_the_houses_key(
    place: Place, ledger: Path, played: Played, commands: Commands, tmp_path: Path
) -> None:
    assert git(ledger, "fsck", "--strict", "--no-progress") == ""
    key = tmp_path / "key"
    key.write_bytes(place.api.ask("GET", "/ledger/key").content)
    entry = played.told["ids"]["entries"]["bob"]
    said = commands.say("", "verify", str(ledger), "--key", str(key), "--entry", entry)
    assert place.api.get(f"/api/entries/{entry}")["delivery"] in said
    # The opt-in is a merge of what invited and what answered.
    [opt_in] = place.api.get("/api/consents", subject=played.told["ids"]["bob"], basis="opt-in")["consents"]
    pair = {proof["entry"] for proof in opt_in["evidence"] if proof["what"] in ("invitation", "response")}
    merges = git(ledger, "rev-list", "--min-parents=2", "--parents", "main").splitlines()
    assert pair in [set(line.split()[1:]) for line in merges]
    proof = tmp_path / "bob.tlog-proof"
    commands.say("", "ledger", "proof", entry, "--ledger", str(ledger), "--output", str(proof))
    assert f"{entry} is leaf" in commands.say("", "verify", "--proof", str(proof), "--key", str(key))
    assert proof.stat().st_size < 2_048
    another = Key(key_of(key.read_text()).name, bytes(32)).text
    assert "is not signed as it should be" in commands.fail("", "verify", str(ledger), "--key", another)


def test_the_ledger_names_nobody(ledger: Path, played: Played) -> None:
    people = played.players.developers
    names = [word for one in people for word in (*words(one), str(one.id), played.told["ids"][one.first])]
    copy = [*files(ledger)]
    assert [*naming(copy, names)] == []
    assert [*naming(copy, ["sub_"])]

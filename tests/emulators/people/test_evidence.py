"""Keys and signed commits on Google's engine: what ssh-keygen makes, what the House says to it, and for how long."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from shared.cli.demo_github import DemoUser
from shared.domain.commits import names
from shared.domain.instants import DAY_US, rfc3339
from tests.emulators.faulty import until
from tests.emulators.people.commands import Commands
from tests.emulators.people.place import Place
from tests.evidence.signing import Signer

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(300)]


def test_two_signed_commits_that_nobody_pushed_make_an_opt_in(
    place: Place, commands: Commands, tmp_path: Path
) -> None:
    ines, jon, house = Signer(tmp_path / "ines"), Signer(tmp_path / "jon"), place.api.get("/api/house")
    place.github.users["jon"] = DemoUser(52, "Jon", keys=(jon.line,))
    tokens = {"ines": place.token(51, "ines"), "jon": place.token(52, "jon")}
    key = ines.key.fingerprint
    assert commands.say(tokens["ines"], "key", "add", f"{ines.key_file}.pub") == key
    commands.say(tokens["jon"], "key", "add", "--github")
    until(partial(commands.say, tokens["jon"], "key", "list"), lambda listed: jon.key.fingerprint in listed)

    invitation = names(
        ines.commit(
            f"Work with me\n\nHouse-Invite: github:52/jon\nHouse-Purpose: sprint-match/1\n"
            f"House-Terms: {house['terms']}\nHouse-Origin: {house['origin']}\nHouse-Id: {'1e' * 16}\n"
            f"House-Expires: {rfc3339(time.time_ns() // 1000 + DAY_US)}\n"
        )
    ).sha1
    submit = ("commit", "submit", "HEAD", "--repo", str(ines.key_file.parent))
    sent = json.loads(commands.say(tokens["ines"], *submit, "--json"))
    assert (sent["commit"], sent["grade"], sent["fingerprint"]) == (invitation, "signed", key)
    accepting = tmp_path / "accepting.commit"
    accepting.write_bytes(
        jon.commit(
            f"Yes\n\nHouse-Accept: {invitation}\nHouse-Terms: {house['terms']}\n"
            f"House-Origin: {house['origin']}\n"
        )
    )
    assert "  signed  dev_" in commands.say(tokens["jon"], "commit", "submit", str(accepting))
    voice = place.api.speaking_for(tokens["jon"])
    [opt_in] = until(
        lambda: voice.get("/api/me/opt-ins")["items"],
        lambda rows: [row["status"] for row in rows] == ["confirmed"],
    )
    proofs = opt_in["evidence"], opt_in["response"]
    assert [(proof["grade"], proof["fingerprint"]) for proof in proofs] == [
        ("signed", key),
        ("signed", jon.key.fingerprint),
    ]


def test_what_was_tampered_with_or_signed_by_a_revoked_key_is_refused_with_the_reason(
    place: Place, commands: Commands, tmp_path: Path
) -> None:
    laptop, token = Signer(tmp_path / "kim"), place.token(53, "kim")
    key, file = laptop.key.fingerprint, tmp_path / "one.commit"
    commands.say(token, "key", "add", f"{laptop.key_file}.pub")
    first, second = laptop.commit("first"), laptop.commit("second")

    def submit(raw: bytes) -> tuple[str, ...]:
        file.write_bytes(raw)
        return ("commit", "submit", str(file))

    assert key in commands.say(token, *submit(first))
    assert "the signature does not hold" in commands.fail(token, *submit(second.replace(b"second", b"third")))
    commands.say(token, "key", "revoke", key)
    assert f"the key {key} was revoked" in commands.fail(token, *submit(second))
    # What was judged while the key was good stays as it was judged.
    assert key in commands.say(token, *submit(first))
    stranger = Signer(tmp_path / "stranger")
    assert "no developer registered the key" in commands.fail(token, *submit(stranger.commit("hello")))

"""The walk-through of the README: two developers, real commands and commits, and the engine that hears of them."""

import time
from pathlib import Path

import pytest

from shared.cli.main import main
from shared.domain.instants import SECOND_US
from tests.cli.git import Developer, developer, sign_with_ssh
from tests.given import HOUSE, NOW_US
from tests.optin.engine import Engine


def told(house: Engine, one: Developer, before: str) -> None:
    """GitHub tells the House what was pushed to the developer's remote since `before`."""
    hashes = one.git("rev-list", "--reverse", f"{before}..main", at=one.remote).split()
    commits = [
        {
            "id": commit,
            "message": one.git("show", "--no-patch", "--format=%B", commit, at=one.remote),
            "timestamp": one.git("show", "--no-patch", "--format=%cI", commit, at=one.remote),
        }
        for commit in hashes
    ]
    house.push(one.login, "", before=before, after=hashes[-1], commits=commits)


@pytest.mark.parametrize("signed", [False, True])
def test_two_developers_opt_in_and_one_takes_it_back(
    signed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = Engine()
    house.clock.move(int(time.time()) * SECOND_US - NOW_US)
    people = [developer(tmp_path, login) for login in ("alice", "bob")]

    def say(one: Developer, *argv: str) -> str:
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(one.repository)
        before = one.git("rev-parse", "main", at=one.remote)
        capsys.readouterr()
        assert main([*argv, "--yes", "--push"]) == 0
        commit = capsys.readouterr().out.strip()
        told(house, one, before)
        return commit

    alice, bob = people
    for one in people if signed else ():
        sign_with_ssh(one)
    invitation = say(alice, "invite", "@bob", "--id", "2", "--origin", HOUSE.origin, "--terms", HOUSE.terms)
    assert house.status(invitation) == ("invited", None)
    say(bob, "respond", invitation, "--accept", "--invitation", str(alice.repository), "--as", "@bob")
    assert house.status(invitation) == ("confirmed", None)
    say(bob, "revoke", invitation, "--origin", HOUSE.origin)
    assert house.status(invitation) == ("revoked", None)

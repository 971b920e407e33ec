"""The main job, as a newcomer sees it: one command, a throw-away node, and every step holds."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]


def house(*argv: str, timeout_s: float = 110) -> subprocess.CompletedProcess[str]:
    """Run `house ARGV…` in a process of its own, without the caller's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")}
    command = [sys.executable, "-m", "shared.cli.main", *argv]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=timeout_s, check=False
    )


def test_the_demo_holds_from_a_commit_to_a_client_s_result() -> None:
    done = house("demo", "--once", "--json", "--seed", "7")
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert told["ok"] is True
    assert [step["number"] for step in told["steps"]] == list(range(1, len(told["steps"]) + 1))
    assert set(told["ids"]["invitations"]) == {"bob", "carol", "dave", "erin"}
    assert {copy["ballots"] for copy in told["result"]["copies"]} == {5}
    assert told["result"]["leading"] == told["ids"]["creatives"]["B"]
    assert len(told["result"]["leads"]) == 3
    assert {"operator", "client", "brief", "heat"} <= set(told["links"])

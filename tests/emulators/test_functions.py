"""Functions in processes of their own, as functions-framework runs them, on Google's emulators with real pushes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulators.house import ROUTE, House, running
from emulators.processes import FRAMEWORK, ROOT
from shared.adapters.firestore import FirestoreStore
from shared.cli.github import request
from shared.domain.event import Recorded
from tests import google

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(180)]
PAYLOADS = Path(__file__).resolve().parents[1] / "eventlog" / "fixtures"
ENTRY = "house.eventlog.entry-recorded.v1"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A House of this module's own, whose functions are ticked by nobody."""
    with running(google=google.google(), tick_s=None) as house:
        yield house


def star(marked: str) -> bytes:
    """The body of a delivery that differs from others by `marked`."""
    body = json.loads((PAYLOADS / "star.json").read_bytes())["body"]
    return json.dumps(body | {"starred_at": f"2026-03-01T00:00:{marked}Z"}).encode()


def delivered(house: House, body: bytes) -> httpx.Response:
    raw, headers = request("star", body, house.secret)
    return httpx.post(f"{house.url}/webhooks/github", content=raw, headers=headers, timeout=30)


def store(house: House) -> FirestoreStore:
    owners = {prefix: name for name, node in ROUTE["functions"].items() for prefix in node["streams"]}
    return FirestoreStore(house.project, owners, request_bytes_max=google.EMULATOR_REQUEST_BYTES_MAX)


def journey(house: House, correlation: str, awaited: str) -> list[Recorded]:
    found: list[Recorded] = []
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        found = store(house).journey(correlation)
        if any(event.type == awaited for event in found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {awaited} in {[event.type for event in found]}")


@pytest.mark.parametrize("unwrapped", [True, False], ids=["unwrapped", "wrapped"])
def test_a_webhook_becomes_an_entry_by_way_of_two_processes(house: House, unwrapped: bool) -> None:
    push = {"pushEndpoint": f"{house.urls['eventlog']}/"} | (
        {"noWrapper": {"writeMetadata": True}} if unwrapped else {}
    )
    subscription = f"projects/{house.project}/subscriptions/eventlog-deliveries"
    changed = f"http://{house.google.pubsub}/v1/{subscription}:modifyPushConfig"
    httpx.post(changed, json={"pushConfig": push}).raise_for_status()
    body = star("01" if unwrapped else "02")
    accepted = delivered(house, body)
    assert accepted.status_code == 202, accepted.text
    assert delivered(house, body).status_code == 200
    kinds = [event.type for event in journey(house, accepted.json()["correlationid"], ENTRY)]
    assert kinds.count("house.intake.delivery-accepted.v1") == kinds.count(ENTRY) == 1


def test_a_function_that_is_told_too_little_says_what_is_missing(house: House) -> None:
    command = [str(FRAMEWORK), "--target", "optin", "--source", "functions/optin/main.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(house.environment), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "HOUSE_BUCKET: a function on Google Cloud needs it" in done.stderr


@pytest.mark.parametrize("name", ROUTE["functions"])
def test_each_function_runs_by_itself_and_takes_its_tick(house: House, name: str) -> None:
    assert house.tick(name) == 204


def test_the_front_s_operator_sees_the_dead_letters_of_all(house: House) -> None:
    asked = {"authorization": f"Bearer {house.token}"}
    letters = httpx.get(f"{house.url}/api/dead-letters", headers=asked, timeout=60)
    assert (letters.status_code, letters.json()) == (200, {"letters": []})

"""Functions in processes of their own, as functions-framework runs them, on Google's emulators with real pushes."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from emulators.google import free_port
from shared.adapters.firestore import FirestoreStore
from shared.domain.event import Recorded
from shared.runtime.cloud import ROUTE
from tests import google
from tests.buckets import gcs_bucket, gcs_url

pytestmark = pytest.mark.emulator
ROOT = Path(__file__).resolve().parents[2]
FRAMEWORK = str(Path(sys.executable).parent / "functions-framework")
SECRET = "a secret of sufficient length"
PAYLOADS = ROOT / "tests" / "eventlog" / "fixtures"


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """What each function is told: a project and a bucket of this module's own."""
    found = google.google()
    return {
        **os.environ,
        **found.environment,
        "PYTHONPATH": str(ROOT),
        "STORAGE_EMULATOR_HOST": gcs_url(),
        "GOOGLE_CLOUD_PROJECT": f"house-{uuid4().hex[:20]}",
        "HOUSE_ORIGIN": "https://house.example",
        "HOUSE_BUCKET": gcs_bucket().name,
        "HOUSE_SECRET_PEPPER": "pepper" * 8,
        "HOUSE_SECRET_GITHUB": SECRET,
        "HOUSE_LATENESS_S": "0",
    }


@contextmanager
def running(name: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A function by itself; its URL, once it answers."""
    port = free_port()
    command = [FRAMEWORK, "--target", name, "--source", f"functions/{name}/main.py"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=ROOT, env=dict(environment)
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert process.poll() is None, f"{name} has ended"
            try:
                httpx.get(f"{url}/healthz", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def topic(environment: Mapping[str, str], name: str) -> str:
    from google.cloud import pubsub_v1

    path = f"projects/{environment['GOOGLE_CLOUD_PROJECT']}/topics/{name}"
    pubsub_v1.PublisherClient().create_topic(name=path)
    return path


def pushed(environment: Mapping[str, str], source: str, name: str, url: str, *, unwrapped: bool) -> None:
    """Have a topic pushed to a function."""
    from google.cloud import pubsub_v1

    bare = pubsub_v1.types.PushConfig.NoWrapper(write_metadata=True) if unwrapped else None
    push = pubsub_v1.types.PushConfig(push_endpoint=f"{url}/", no_wrapper=bare)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscriber.create_subscription(
            request={
                "name": f"projects/{environment['GOOGLE_CLOUD_PROJECT']}/subscriptions/{name}",
                "topic": source,
                "push_config": push,
                "ack_deadline_seconds": 60,
            }
        )


def delivered(url: str, body: bytes) -> httpx.Response:
    signature = f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"
    headers = {
        "x-hub-signature-256": signature,
        "x-github-event": "star",
        "x-github-delivery": str(uuid4()),
        "content-type": "application/json",
    }
    return httpx.post(f"{url}/webhooks/github", content=body, headers=headers, timeout=30)


def store(environment: Mapping[str, str]) -> FirestoreStore:
    route = json.loads(ROUTE.read_bytes())
    owners = {prefix: name for name, node in route["functions"].items() for prefix in node["streams"]}
    return FirestoreStore(environment["GOOGLE_CLOUD_PROJECT"], owners, request_bytes_max=4_000_000)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("unwrapped", [True, False], ids=["unwrapped", "wrapped"])
def test_a_webhook_becomes_an_entry_by_way_of_two_processes(
    environment: Mapping[str, str], unwrapped: bool
) -> None:
    own = {**environment, "GOOGLE_CLOUD_PROJECT": f"house-{uuid4().hex[:20]}"}
    deliveries = topic(own, "deliveries")
    topic(own, "entries")
    body = json.dumps(json.loads((PAYLOADS / "star.json").read_bytes())["body"]).encode()
    with running("intake", own) as intake, running("eventlog", own) as eventlog:
        pushed(own, deliveries, "eventlog-deliveries", eventlog, unwrapped=unwrapped)
        accepted = delivered(intake, body)
        assert accepted.status_code == 202, accepted.text
        assert delivered(intake, body).status_code == 200
        journey = _journey(store(own), accepted.json()["correlationid"], "house.eventlog.entry-recorded.v1")
    kinds = [event.type for event in journey]
    assert kinds.count("house.intake.delivery-accepted.v1") == 1
    assert "house.eventlog.entry-recorded.v1" in kinds


def _journey(kept: FirestoreStore, correlation: str, awaited: str) -> list[Recorded]:
    found: list[Recorded] = []
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        found = kept.journey(correlation)
        if any(event.type == awaited for event in found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {awaited} in {[event.type for event in found]}")


@pytest.mark.timeout(60)
def test_a_function_that_is_told_too_little_says_what_is_missing(environment: Mapping[str, str]) -> None:
    command = [FRAMEWORK, "--target", "optin", "--source", "functions/optin/main.py"]
    without = {name: value for name, value in environment.items() if name != "HOUSE_BUCKET"}
    done = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "HOUSE_BUCKET: a function on Google Cloud needs it" in done.stderr


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(path.parent.name for path in ROOT.glob("functions/*/main.py")))
def test_each_function_runs_by_itself_and_takes_its_tick(environment: Mapping[str, str], name: str) -> None:
    given = {**environment, "HOUSE_SECRET_SIGN_IN": "s" * 32, "HOUSE_SECRET_OPERATOR": "hse_" + "o" * 32}
    with running(name, given) as url:
        assert httpx.post(f"{url}/tick", timeout=60).status_code == 204
        if name == "gateway":
            asked = {"authorization": f"Bearer {given['HOUSE_SECRET_OPERATOR']}"}
            letters = httpx.get(f"{url}/api/dead-letters", headers=asked, timeout=60)
            assert (letters.status_code, letters.json()) == (200, {"letters": []})

"""Events are the only truth: states, kept or archived, are what the events say (DESIGN section 3, rule 1)."""

import asyncio
import hmac
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.domain.segments import Tampered
from shared.runtime import rebuild
from shared.runtime.discover import functions
from shared.runtime.errands import act, conclude, scheduled
from shared.runtime.node import Node
from shared.runtime.settings import Settings, SettingsError

SECRET = "a secret of the tests"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "house", github_secrets=(SECRET,), origin="http://house.example")


@pytest.fixture
def node(settings: Settings) -> Iterator[Node]:
    node = Node(settings)
    node.worker.start()
    yield node
    node.worker.stop(5)
    node.wired.close()


def star(n: int) -> bytes:
    owner = {"id": 1, "login": "octo", "type": "User"}
    repository = {"id": n, "name": f"r{n}", "full_name": f"octo/r{n}", "owner": owner}
    sender = {"id": 2, "login": "cat", "type": "User"}
    body = {
        "action": "created",
        "starred_at": "2026-03-02T09:00:00Z",
        "repository": repository,
        "sender": sender,
    }
    return json.dumps(body).encode()


def deliver(node: Node, *numbers: int) -> None:
    async def post() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(node.app), base_url="http://h") as client:
            for n in numbers:
                body = star(n)
                signature = "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()
                headers = {
                    "content-type": "application/json",
                    "x-github-event": "star",
                    "x-hub-signature-256": signature,
                }
                answer = await client.post("/webhooks/github", content=body, headers=headers)
                assert answer.status_code == 202

    asyncio.run(post())
    assert node.worker.run(lambda: None).result(5) is None


def seal(node: Node) -> None:
    """Let the archiver seal what there is."""
    archiver = node.shells["archiver"]
    sealing = scheduled(archiver, node.wired.ports.clock.now_us())[0]
    outcome = asyncio.run(act(archiver, sealing, node.wired.gateways))
    node.worker.run(lambda: conclude(archiver, [outcome])).result(5)


def check(settings: Settings) -> tuple[bool, list[str]]:
    said: list[str] = []
    return rebuild.run(settings, check=True, report=said.append), said


def test_states_folded_from_segments_and_tail_are_equal(node: Node, settings: Settings) -> None:
    deliver(node, 1, 2, 3)
    seal(node)
    deliver(node, 4, 5)
    equal, said = check(settings)
    assert equal
    assert any(line.startswith("1 segments hold") for line in said)
    assert any(line.startswith("eventlog: 5 streams") for line in said)


def test_an_edited_state_makes_the_digests_differ(node: Node, settings: Settings) -> None:
    deliver(node, 1)
    assert check(settings)[0]
    with sqlite3.connect(settings.data / "house.sqlite") as outside:
        outside.execute("UPDATE stream SET version = version + 1 WHERE name LIKE 'entry/%'")
    equal, said = check(settings)
    assert not equal
    assert any("DIFFERENT" in line for line in said if line.startswith("eventlog:"))


def test_an_edited_segment_is_found(node: Node, settings: Settings) -> None:
    deliver(node, 1, 2)
    seal(node)
    [segment] = (settings.data / "bucket").rglob("*.jsonl.zz")
    kept = segment.read_bytes()
    segment.write_bytes(kept[:-5] + bytes([kept[-5] ^ 1]) + kept[-4:])
    with pytest.raises(Tampered):
        check(settings)


def test_nothing_is_rebuilt_under_an_open_node(node: Node, settings: Settings) -> None:
    deliver(node, 1)
    with pytest.raises(SettingsError, match="another node"):
        rebuild.run(settings, check=False, report=lambda _: None)


def test_a_rebuilt_store_goes_on_where_the_old_one_stopped(settings: Settings) -> None:
    first = Node(settings)
    first.worker.start()
    deliver(first, 1, 2)
    seal(first)
    events = [(e.id, e.position) for e in first.wired.store.since(0, 1000)]
    first.worker.stop(5)
    first.wired.close()

    assert rebuild.run(settings, check=False, report=lambda _: None)

    again = Node(settings)
    again.worker.start()
    assert [(e.id, e.position) for e in again.wired.store.since(0, 1000)] == events
    deliver(again, 3)
    assert {e.type for e in again.wired.store.since(events[-1][1], 10)} >= {
        "house.intake.delivery-accepted.v1",
        "house.eventlog.entry-recorded.v1",
    }
    stored = again.wired.store.states("eventlog", "kind:star")
    assert len(stored) == 3
    assert again.wired.store.attachment(first_delivery(again)) is not None
    again.worker.stop(5)
    again.wired.close()


def first_delivery(node: Node) -> str:
    return node.wired.store.states("intake")[-1].stream


def test_every_function_is_compared(node: Node, settings: Settings) -> None:
    _, said = check(settings)
    assert [line.split(":")[0] for line in said[-8:]] == [f.name for f in functions()]


def test_a_store_of_another_version_stops_the_start_with_the_setting_s_name(settings: Settings) -> None:
    settings.data.mkdir()
    with sqlite3.connect(settings.data / "house.sqlite") as other:
        other.execute("PRAGMA user_version=99")
    with pytest.raises(SettingsError, match=r"HOUSE_DATA: .* has schema version 99"):
        Node(settings)

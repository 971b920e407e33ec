"""A node that is killed at random moments loses nothing it has answered, and keeps nothing twice."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.adapters.sqlite import SqliteStore
from tests.processes.nodes import STOP_S_MAX, Crowd, Node

pytestmark = [pytest.mark.process, pytest.mark.slow]
KILLS = 20
ENTRY = "house.eventlog.entry-recorded.v1"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Node]]:
    """Start nodes on one data directory; whatever still runs at the end is killed."""
    started: list[Node] = []

    def start() -> Node:
        started.append(Node(tmp_path / "data"))
        return started[-1]

    yield start
    for node in started:
        node.kill()


def under_load(node: Node, crowd: Crowd, seconds: float) -> None:
    """Let the crowd press for a while, and kill the node in the middle of it."""
    senders = crowd.press(node)
    for sender in senders:
        sender.start()
    time.sleep(seconds)
    node.kill()
    for sender in senders:
        sender.join(STOP_S_MAX)


def until_all_is_handled(data: Path) -> None:
    """Wait until no delivery waits for its entries."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with sqlite3.connect(f"file:{data / 'house.sqlite'}?mode=ro", uri=True) as found:
            head = found.execute(
                "SELECT max(position) FROM event WHERE type = (SELECT id FROM name WHERE text = ?)",
                ("house.intake.delivery-accepted.v1",),
            ).fetchone()[0]
            read = found.execute(
                "SELECT position FROM reader WHERE function = (SELECT id FROM name WHERE text = 'eventlog')"
            ).fetchone()
        if read is not None and read[0] >= head:
            return
        time.sleep(0.05)
    pytest.fail("the event log does not catch up")


def proven(data: Path, crowd: Crowd) -> int:
    """Everything accepted is there exactly once, with its entries; how many deliveries."""
    store = SqliteStore(data / "house.sqlite", read_only=True)
    events = [event for position in range(0, store.head(), 5_000) for event in store.since(position, 5_000)]
    store.close()
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert len({event.id for event in events}) == len(events), "an event is there twice"
    assert len({(event.stream, event.version) for event in events}) == len(events)
    assert not [event for event in events if event.type.endswith("input-parked.v1")]
    deliveries = {event.stream: event for event in events if event.stream.startswith("delivery/")}
    entries = Counter(event.causation for event in events if event.type == ENTRY)
    for digest, expected in crowd.accepted.items():
        delivery = deliveries.get(f"delivery/github/{digest}")
        assert delivery is not None, f"{digest} was answered and is lost"
        assert entries[delivery.id] == expected, f"{digest} has {entries[delivery.id]} entries"
    sent = {f"delivery/github/{digest}" for digest in crowd.bodies}
    assert set(deliveries) <= sent
    return len(deliveries)


def integrity(data: Path) -> str:
    with sqlite3.connect(data / "house.sqlite") as found:
        return str(found.execute("PRAGMA integrity_check").fetchone()[0])


def test_everything_answered_survives_being_killed_twenty_times(
    start: Callable[[], Node], tmp_path: Path
) -> None:
    crowd, dice, data = Crowd(), random.Random(20), tmp_path / "data"
    for _ in range(KILLS):
        under_load(start().wait_until_up(), crowd, dice.uniform(0.02, 0.35))
    node = start().wait_until_up()
    crowd.send_again(node)
    until_all_is_handled(data)
    assert node.stop() == 0
    assert proven(data, crowd) == len(crowd.bodies), "whoever got no answer has sent it again"
    assert len(crowd.accepted) > KILLS * 10
    assert {200, 202} <= {status for statuses in crowd.answered.values() for status in statuses}
    assert integrity(data) == "ok"


def test_sigterm_finishes_what_was_answered_within_ten_seconds(
    start: Callable[[], Node], tmp_path: Path
) -> None:
    crowd, node, data = Crowd(), start().wait_until_up(), tmp_path / "data"
    senders = crowd.press(node)
    for sender in senders:
        sender.start()
    time.sleep(0.5)
    began_s = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - began_s < STOP_S_MAX
    for sender in senders:
        sender.join(STOP_S_MAX)
    answered = len(crowd.accepted)
    assert answered > 10
    again = start().wait_until_up()
    until_all_is_handled(data)
    assert again.stop() == 0
    assert answered <= proven(data, crowd) <= len(crowd.bodies)


def test_a_second_node_on_the_same_data_is_refused_until_the_first_is_gone(
    start: Callable[[], Node],
) -> None:
    first = start().wait_until_up()
    code, said = start().end()
    assert code == 2
    assert "HOUSE_DATA: another node has" in said
    assert said.count("\n") == 1
    first.kill()
    start().wait_until_up()

"""Intake: real payloads over HTTP into a whole node, from their arrival to their being visible in the log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from shared.adapters.sqlite import SqliteStore
from shared.domain.entries import EntryRecorded
from shared.domain.event import decode, type_of
from tests.benchmarks.figures import Figure, Scale, against, interleaved
from tests.benchmarks.load import CONNECTIONS, SECRET, Request, rate, requests, send
from tests.benchmarks.places import ROOT, fresh

REQUESTS = 8_000
MODERATE_PER_S = 200
START_S_MAX = 30.0


def intake(scale: Scale) -> Sequence[Figure]:
    """The rate beside a bare endpoint's and the client's ceiling; then the way to the log at two loads."""
    sending = requests(scale.of(REQUESTS))
    node, endpoint, ceiling = interleaved(
        scale.runs,
        partial(_node_rate, sending),
        partial(_bare_rate, "endpoint", sending),
        partial(_bare_rate, "constant", sending),
    )
    size_bytes = sum(len(request.wire) for request in sending) // len(sending)
    return (
        against(
            "intake of deliveries, a whole node",
            "requests/s",
            node,
            "uvicorn (uvloop, httptools), body read, 202",
            endpoint,
            0.3,
            f"{CONNECTIONS} connections, {size_bytes:,} bytes each, answered when durable; the load client "
            f"itself can do {median(ceiling):,.0f}/s",
        ),
        *_visible(scale, sending[: scale.of(2_000)], MODERATE_PER_S),
        *_visible(scale, sending, None),
    )


def _visible(scale: Scale, sending: Sequence[Request], per_second: float | None) -> list[Figure]:
    """Percentiles of the time from the first byte sent until another process sees the delivery's entry."""
    runs = [_way_to_log(sending, per_second) for _ in range(scale.runs)]
    load = f"{per_second}/s" if per_second else "full load"
    return [
        Figure(
            f"sent to visible in the log, {load}, p{percent}",
            round(median(quantiles(run, n=100)[percent - 1] for run in runs) * 1000, 2),
            "ms",
            note="from before the request is sent, so accepted to visible is less" if percent == 50 else "",
        )
        for percent in (50, 99)
    ]


def _node_rate(sending: Sequence[Request]) -> float:
    with _node() as (port, _):
        return rate(send(port, sending))


def _bare_rate(kind: str, sending: Sequence[Request]) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.bare", kind]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            return rate(send(int(server.stdout.readline()), sending))
        finally:
            server.kill()


def _way_to_log(sending: Sequence[Request], per_second: float | None) -> list[float]:
    seen_s: dict[str, float] = {}
    with _node() as (port, data):
        watcher = threading.Thread(target=_watch, args=(data, len(sending), seen_s))
        watcher.start()
        exchanges = send(port, sending, per_second)
        watcher.join()
    return [seen_s[exchange.digest] - exchange.sent_s for exchange in exchanges if exchange.digest in seen_s]


def _watch(data: Path, number: int, seen_s: dict[str, float]) -> None:
    """Note when each delivery's first entry becomes visible to this process."""
    entry, position, until_s = type_of(EntryRecorded).name, 0, time.monotonic() + 120
    store = SqliteStore(data / "house.sqlite", read_only=True)
    while len(seen_s) < number and time.monotonic() < until_s:
        found = store.since(position, 1_000)
        now_s = time.monotonic()
        for event in found:
            if event.type == entry:
                body = decode(event.type, event.data)
                assert isinstance(body, EntryRecorded)
                seen_s.setdefault(body.delivery, now_s)
        position = found[-1].position if found else position
        time.sleep(0.001)
    store.close()


@contextmanager
def _node() -> Iterator[tuple[int, Path]]:
    """A node of its own process on an empty data directory: its port and that directory.

    Raises:
        RuntimeError: it did not start.
    """
    with fresh() as folder:
        data, errors = folder / "data", (folder / "stderr").open("w")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")}
        command = [sys.executable, "-m", "shared.cli.main", "up", "--port", "0", "--data", str(data)]
        node = subprocess.Popen(
            command, cwd=ROOT, env={**environ, "HOUSE_GITHUB_SECRETS": SECRET}, stderr=errors
        )
        try:
            yield _port(node, data, folder / "stderr"), data
        finally:
            node.send_signal(signal.SIGTERM)
            node.wait(20)
            errors.close()


def _port(node: subprocess.Popen[bytes], data: Path, errors: Path) -> int:
    until_s = time.monotonic() + START_S_MAX
    while "open at" not in errors.read_text():
        if node.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"the node did not start: {errors.read_text()[-2000:]}")
        time.sleep(0.05)
    marker = json.loads((data / "node.json").read_text())
    return int(marker["url"].rpartition(":")[2])

"""`house emulate`, as a person runs it: one address, lines of what happens, and nothing left of it afterwards."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from shared.cli.github import request
from tests import google
from tests.emulators.test_functions import star
from tests.emulators.test_google import installed

START_S_MAX, STOP_S_MAX = 90.0, 30.0
MARK = "MARK_OF_A_TEST"
"""A variable that everything begun by one `house emulate` has in its environment."""
COMMAND = [sys.executable, "-m", "shared.cli.main", "emulate", "--port", "0"]


class Emulate:
    """One `house emulate` in a process of its own; `told` is its output and `lines` what it says meanwhile."""

    def __init__(self) -> None:
        self.mark = uuid4().hex
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")}
        self.process = subprocess.Popen(
            COMMAND,
            env={**environment, MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.told, self.lines = "", ""
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._hear, self._read)]
        for reader in self._readers:
            reader.start()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told += line

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines += line

    def export(self, name: str) -> str:
        """A variable that it tells people to set, once it does."""
        until_s = time.monotonic() + START_S_MAX
        while time.monotonic() < until_s and self.process.poll() is None:
            if found := re.search(rf"{name}=(\S+)", self.told):
                return found[1]
            time.sleep(0.1)
        raise AssertionError(f"no {name} in {self.told}{self.lines}")

    def end(self, number: int) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S_MAX)

    def left(self) -> list[str]:
        """The command lines of what it began and is still there."""
        mark = f"{MARK}={self.mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue  # It has ended meanwhile.
        return found


@contextmanager
def emulating() -> Iterator[Emulate]:
    emulate = Emulate()
    try:
        yield emulate
    finally:
        if emulate.process.poll() is None:
            emulate.end(signal.SIGTERM)


@pytest.mark.parametrize(
    ("java", "hint"),
    [(True, "gcloud is not installed: see https://"), (False, "Java 11 or later is not installed: apt-get")],
)
def test_what_is_missing_is_told_in_one_line_and_nothing_is_started(
    tmp_path: Path, java: bool, hint: str
) -> None:
    components = () if java else ("cloud-firestore-emulator", "pubsub-emulator")
    path = (
        str(tmp_path) if java else installed(tmp_path, *components, java=False, start=f"touch {tmp_path}/ran")
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")}
    done = subprocess.run(
        COMMAND, env={**environment, "PATH": path}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"house: {hint}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.emulator
def test_a_port_that_is_taken_is_a_misuse_and_nothing_is_started() -> None:
    google.google()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [*COMMAND[:-1], str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert re.fullmatch(
        r"house: --port: cannot listen on 127\.0\.0\.1:\d+: Address already in use\n", done.stderr
    )


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_webhook_s_way_is_shown_line_by_line_and_nothing_is_left_afterwards() -> None:
    google.google()
    with emulating() as emulate:
        url, secret = emulate.export("HOUSE_URL"), emulate.export("HOUSE_GITHUB_SECRETS")
        body, headers = request("star", star("01"), secret.encode())
        journey = uuid4().hex
        sent = headers | {"x-correlation-id": journey}
        assert httpx.post(f"{url}/webhooks/github", content=body, headers=sent, timeout=30).status_code == 202
        until_s = time.monotonic() + 30
        wanted = [rf"intake +{journey}  intake\.delivery", rf"eventlog +{journey}  eventlog\.entry"]
        while not all(re.search(rf"(?m)^\d\d:\d\d:\d\d\.\d{{3}}  {line}", emulate.lines) for line in wanted):
            assert time.monotonic() < until_s, emulate.lines
            time.sleep(0.1)
        assert len(emulate.left()) > 10
        assert emulate.end(signal.SIGINT) == 0
        assert emulate.left() == []


@pytest.mark.emulator
@pytest.mark.timeout(120)
@pytest.mark.parametrize("after_s", [0.5, 3.0, 5.0])
def test_who_stops_it_while_it_starts_leaves_nothing_either(after_s: float) -> None:
    google.google()
    with emulating() as emulate:
        time.sleep(after_s)
        assert emulate.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert emulate.left() == []

"""Processes: one function each, run by functions-framework as Cloud Run runs it, and the lines they say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from emulators.google import end

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORK = Path(sys.executable).parent / "functions-framework"
START_S_MAX = 60.0
STOP_S_MAX = 8.0
LAST_LINES = 40
"""How much of what a function said is told when it has ended by itself."""


class Ended(Exception):
    """A function's process ended, or said nothing, where it should have answered; the message holds its last lines."""


@dataclass(frozen=True)
class Line:
    """One line of what happens: when, in which function, for which correlation id (empty where it says none)."""

    at: datetime
    function: str
    correlation: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.at:%H:%M:%S.%f}"[:12] + f"  {self.function:<10}  {self.correlation:<32}  {self.message}"
        )


Sink = Callable[[Line], None]


class FunctionProcess:
    """One function by itself, on a port that it keeps. `sink` hears each of its lines, from a thread."""

    def __init__(self, name: str, port: int, environment: Mapping[str, str], sink: Sink) -> None:
        self.name, self._port, self._environment, self._sink = name, port, environment, sink
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def last(self) -> str:
        """What it said last."""
        return "\n".join(self._last)

    def begin(self) -> None:
        """Start it; `wait` says when it answers."""
        command = [str(FRAMEWORK), "--target", self.name, "--source", f"functions/{self.name}/main.py"]
        self._process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(self._port)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name=f"lines of {self.name}", daemon=True
        )
        self._reader.start()

    def wait(self) -> None:
        """Until it answers.

        Raises:
            Ended: it does not within a minute, or has ended.
        """
        until_s = time.monotonic() + START_S_MAX
        while time.monotonic() < until_s and self._process is not None and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.01)
        raise Ended(f"{self.name} does not answer; its last lines:\n{self.last}")

    def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def stop(self, patience_s: float = STOP_S_MAX) -> None:
        """End it; what is in hand may be finished for `patience_s`, 0 for not at all."""
        if self._process is None:
            return
        if patience_s:
            end(self._process, patience_s)
        else:
            self.signal(signal.SIGKILL)
            self._process.wait()
        if self._reader is not None:
            self._reader.join(1)
        self._process = None

    def _read(self, lines: IO[bytes]) -> None:
        for raw in lines:
            text = raw.decode(errors="replace").rstrip()
            if text:
                self._last.append(text)
                self._sink(parsed(self.name, text))


def parsed(function: str, text: str) -> Line:
    """A line as `shared.runtime.logs` writes them, or any other."""
    now = datetime.now(UTC)
    try:
        said = json.loads(text)
        correlation, message = said.pop("correlationid"), said.pop("message")
    except (ValueError, KeyError, AttributeError, TypeError):
        return Line(now, function, "", text)
    rest = {name: value for name, value in said.items() if name not in ("severity", "kind", "function")}
    kind = f"{said.get('kind')}: " if said.get("kind") != "note" else ""
    return Line(
        now, function, correlation, f"{kind}{message}" + "".join(f" {n}={v}" for n, v in rest.items())
    )

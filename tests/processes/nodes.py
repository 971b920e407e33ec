"""Real nodes in real processes, and a crowd that sends them webhooks."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from shared.domain.signatures import github_signature

SECRET = "a secret of the tests"
START_S_MAX, STOP_S_MAX, SENDERS = 30.0, 10.0, 6
_OPEN = re.compile(r"open at (http://\S+?),")


class Node:
    """One `house up` on a data directory and any free port, with more settings where they are given."""

    def __init__(self, data: Path, **settings: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shared.cli.main", "up", "--port", "0", "--data", str(data)],
            cwd=Path(__file__).resolve().parents[2],
            env={**environ, "HOUSE_GITHUB_SECRETS": SECRET, **settings},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self.address = ("", 0)
        self._up = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            found = _OPEN.search(line)
            if found:
                url = urlsplit(found[1])
                self.address = (url.hostname or "", url.port or 0)
                self._up.set()
        self._up.set()

    def wait_until_up(self) -> Node:
        """Return once it answers."""
        assert self._up.wait(START_S_MAX), "the node does not start"
        assert self.address[1], f"the node did not start: {self.said}"
        return self

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        self.process.kill()
        self.process.wait(STOP_S_MAX)

    def stop(self) -> int:
        """SIGTERM; the exit code.

        Raises:
            TimeoutExpired: it takes longer than it may.
        """
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S_MAX)

    def end(self) -> tuple[int, str]:
        """What a node that ends by itself says."""
        code = self.process.wait(START_S_MAX)
        self._listener.join(STOP_S_MAX)
        return code, "".join(self.said)


@dataclass
class Crowd:
    """Everything that was ever sent, and what of it was answered with which status."""

    bodies: dict[str, tuple[str, bytes, int]] = field(default_factory=dict)
    answered: dict[str, list[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: int = 0

    def fresh(self) -> str:
        """One more delivery, a star or a push of up to three commits; its digest."""
        with self._lock:
            self._next += 1
            event, payload, entries = _payload(self._next)
            body = json.dumps(payload).encode()
            digest = sha256(body).hexdigest()
            self.bodies[digest] = (event, body, entries)
            return digest

    def send(self, connection: http.client.HTTPConnection, digest: str) -> int:
        """Send one delivery; its status, which is noted.

        Raises:
            OSError, HTTPException: the node is gone.
        """
        event, body, _ = self.bodies[digest]
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-Hub-Signature-256": github_signature(SECRET.encode(), body),
        }
        connection.request("POST", "/webhooks/github", body, headers)
        answer = connection.getresponse()
        answer.read()
        with self._lock:
            self.answered.setdefault(digest, []).append(answer.status)
        return answer.status

    def press(self, node: Node) -> list[threading.Thread]:
        """Senders that send as fast as the node answers, until it is gone: what has no answer yet, then more."""
        unanswered = self.unanswered
        return [
            threading.Thread(target=self._press, args=(node, unanswered[n::SENDERS]), daemon=True)
            for n in range(SENDERS)
        ]

    def _press(self, node: Node, again: list[str]) -> None:
        connection = http.client.HTTPConnection(*node.address, timeout=STOP_S_MAX)
        try:
            while True:
                self.send(connection, again.pop() if again else self.fresh())
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def send_again(self, node: Node) -> None:
        """Send what has no answer yet, and a few that have."""
        connection = http.client.HTTPConnection(*node.address, timeout=STOP_S_MAX)
        for digest in [*self.unanswered, *list(self.answered)[:5]]:
            self.send(connection, digest)
        connection.close()

    @property
    def unanswered(self) -> list[str]:
        """The digests of what was sent and never answered."""
        return [digest for digest in self.bodies if digest not in self.answered]

    @property
    def accepted(self) -> dict[str, int]:
        """The digests that were answered with 202 or 200, with how many entries each must make."""
        return {
            digest: self.bodies[digest][2]
            for digest, statuses in self.answered.items()
            if {200, 202} & set(statuses)
        }


def _payload(number: int) -> tuple[str, dict[str, object], int]:
    account = {"id": 7_000 + number % 50, "login": f"dev{number % 50}", "type": "User"}
    common: dict[str, object] = {
        "repository": {"id": 1, "full_name": "octo/hello", "owner": account},
        "sender": account,
    }
    if number % 3:
        starred_at = f"2026-03-02T09:00:00.{number:06d}Z"
        return "star", {"action": "created", "starred_at": starred_at, **common}, 1
    commits = [
        {"id": sha256(f"{number} {n}".encode()).hexdigest()[:40], "message": "Work", "added": ["a"]}
        for n in range(number % 4)
    ]
    push: dict[str, object] = {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": f"{number:040x}",
        "pusher": {"name": "dev"},
        "commits": commits,
        **common,
    }
    return "push", push, max(1, len(commits))

"""Host: a node of the demo's own, together with a GitHub-shaped server on which its cast lives."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from shared.cli import up
from shared.cli.api import Api
from shared.cli.demo.cast import Cast, cast
from shared.cli.demo.show import Outcome, show, webhook_secret
from shared.cli.failures import Failure

# The crawler asks for a profile's status only where it has a token; the demo's GitHub takes any.
GITHUB_TOKEN = "any-token-of-the-demo"  # noqa: S105  # opens nothing but the demo's own server

CLOSING_S_MAX = 10.0


def nonce(seed: int | None) -> str:
    """What makes one run's ids its own: of the seed where there is one, else random."""
    return secrets.token_hex(16) if seed is None else sha256(f"demo {seed}".encode()).hexdigest()[:32]


def stay(flags: dict[str, Any]) -> int:
    """A node that plays the demo and then stays up; 1 when the demo failed."""
    closed = threading.Event()
    failures: list[Failure] = []

    def told(outcomes: list[Outcome]) -> None:
        failed = [outcome.failure for outcome in outcomes if outcome.failure]
        # Who closes the node in the middle of the demo has not found a failure.
        if failed and closed.wait(CLOSING_S_MAX):
            return
        for failure in failed:
            print(f"house: {failure}", file=sys.stderr)
        failures.extend(failed)
        print("\nThe House stays open. Ctrl-C closes it.", flush=True)

    _serve_and_play(cast(nonce(None)), flags, json=False, afterwards=told)
    closed.set()
    return 1 if failures else 0


def once(seed: int | None, begins_s: int | None, json: bool) -> Outcome:
    """The demo on a throw-away node; `begins_s` is Stage's.

    Raises:
        Failure: the node stopped before the demo ended.
    """
    with tempfile.TemporaryDirectory(prefix="house-demo-") as data:
        flags = {"data": data, "host": "127.0.0.1", "port": 0}
        outcomes = _serve_and_play(
            cast(nonce(seed)), flags, json, lambda _: os.kill(os.getpid(), signal.SIGTERM), begins_s
        )
    if not outcomes:
        raise Failure("the node stopped before the demo had ended")
    return outcomes[0]


def _serve_and_play(
    players: Cast,
    flags: dict[str, Any],
    json: bool,
    afterwards: Callable[[list[Outcome]], None],
    begins_s: int | None = None,
) -> list[Outcome]:
    """Serve in this thread, the main one, as signals want; play in another. The outcome, if it came to one."""
    from shared.cli.demo_github import DemoGitHub

    outcomes: list[Outcome] = []
    with DemoGitHub(players.profiles()) as github:
        settings = up.load(
            **flags, github_url=github.url, github_token=GITHUB_TOKEN, allow_private_addresses=True
        )

        def play(url: str) -> None:
            try:
                # Not $HOUSE_TOKEN, which is for another node.
                token = (settings.data / "operator.token").read_text(encoding="ascii").strip()
                secret = webhook_secret(settings.data, None)
                api = Api.at(url, token)
                outcomes.append(show(api, secret, players, profiles=True, json=json, begins_s=begins_s))
            finally:
                afterwards(outcomes)

        up.serve(settings, lambda url: threading.Thread(target=play, args=(url,), daemon=True).start())
    return outcomes

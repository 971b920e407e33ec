"""`house emulate`: the House on Google's emulators, each function a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, examples

if TYPE_CHECKING:
    from emulators.house import House
    from emulators.processes import Line
    from shared.cli.demo.cast import Cast
    from shared.runtime.settings import Settings

_HERE = (
    *("HOUSE_HOST", "HOUSE_PORT", "HOUSE_DATA", "HOUSE_GITHUB_SECRETS", "HOUSE_STANDARD_SECRETS"),
    *("HOUSE_URL", "HOUSE_TOKEN", "HOUSE_CI"),
)
"""Settings of the caller's that are for the command line, or that functions are told as secrets."""
_ENDS = (signal.SIGINT, signal.SIGTERM)
HOW = """The House is open at {url}, on Google's emulators. In another terminal:

  export HOUSE_URL={url} HOUSE_TOKEN={token} HOUSE_GITHUB_SECRETS={secret}
  house demo
  house deliver --secret {secret} payloads/
  house log --follow

Ctrl-C closes it, and nothing of it is kept. What its functions say and do:
"""


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "emulate",
        help="run the House on Google's emulators",
        description="Starts Google's Firestore and Pub/Sub emulators and every function in a process of its own, behind\n"
        "one address, and shows what they say and do: time, function, correlation id, message.\n"
        "It needs gcloud and Java, and says how to install what is missing. Nothing is kept.",
        epilog=examples("house emulate", "house emulate --demo", "house emulate --port 0"),
    )
    parser.add_argument("--port", metavar="N", help="default: $HOUSE_PORT, else 8080; 0 takes any free one")
    parser.add_argument("--demo", action="store_true", help="play the demo when it is up, and stay up")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run it until SIGTERM or Ctrl-C; 1 when a demo failed.

    Raises:
        Failure: something is not installed, or did not start.
        Misuse: a setting or the port cannot be used.
    """
    from emulators.google import DidNotStart, Missing
    from emulators.house import running
    from emulators.processes import Ended
    from emulators.serving import Taken
    from emulators.told import ROUTE
    from emulators.watch import watching
    from shared.cli.up import load

    settings = load(port=args.port)
    for number in _ENDS:
        signal.signal(number, _close)
    failed = False
    try:
        with ExitStack() as stack:
            players, environment = _cast(stack) if args.demo else (None, _own())
            house = stack.enter_context(
                running(environment=environment, given=_given(settings), port=settings.port, sink=_say)
            )
            failed = players is not None and not _holds(house, players)
            print(HOW.format(url=house.url, token=house.token, secret=house.secret.decode()), flush=True)
            stack.enter_context(watching(house.topics, ROUTE["topics"], _say))
            threading.Event().wait()
    except KeyboardInterrupt:
        pass  # This is how it ends.
    except Taken as error:
        raise Misuse(f"--port: {error}") from error
    except (Missing, DidNotStart, Ended) as error:
        raise Failure(str(error)) from error
    return 1 if failed else 0


def _close(*_: object) -> None:
    """Take everything down, once: whoever is impatient must not stop the stopping."""
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _own() -> dict[str, str]:
    """The settings of the caller's that functions take."""
    return {
        name: value for name, value in os.environ.items() if name.startswith("HOUSE_") and name not in _HERE
    }


def _given(settings: Settings) -> dict[str, bytes]:
    """The webhook secrets that the caller has set."""
    given = {f"standard.{source}": secret.encode() for source, secret in settings.standard_secrets}
    if settings.github_secrets:
        given["github"] = ",".join(settings.github_secrets).encode()
    return given


def _cast(stack: ExitStack) -> tuple[Cast, dict[str, str]]:
    """The demo's cast, and what makes the crawler look at the GitHub on which it lives."""
    from shared.cli.demo.cast import cast
    from shared.cli.demo.host import GITHUB_TOKEN, nonce
    from shared.cli.demo_github import DemoGitHub

    players = cast(nonce(None))
    github = stack.enter_context(DemoGitHub(players.profiles()))
    return players, _own() | {
        "HOUSE_GITHUB_URL": github.url,
        "HOUSE_GITHUB_TOKEN": GITHUB_TOKEN,
        "HOUSE_ALLOW_PRIVATE_ADDRESSES": "true",
    }


def _holds(house: House, players: Cast) -> bool:
    """Play the demo; whether all its steps held."""
    from shared.cli.api import Api
    from shared.cli.demo.show import show

    outcome = show(Api.at(house.url, house.token), house.secret, players, profiles=True, json=False)
    if outcome.failure:
        print(f"house: {outcome.failure}", file=sys.stderr)
    print()
    return outcome.failure is None


def _say(line: Line) -> None:
    # One write a line, as many threads write.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

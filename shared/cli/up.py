"""`house up`: the node."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.cli.failures import Misuse
from shared.cli.parsing import Subparsers, add_data, examples

if TYPE_CHECKING:
    from shared.runtime.settings import Settings


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "up",
        help="start a node",
        description="Starts a node: every function in one process, on SQLite and files.\n"
        "SIGTERM and Ctrl-C let it finish what is in hand. Settings not named here are HOUSE_* variables.",
        epilog=examples(
            "house up",
            "house up --demo --data ./.house",
            "HOUSE_GITHUB_SECRETS=… HOUSE_ORIGIN=https://house.example house up --host 0.0.0.0",
        ),
    )
    parser.add_argument("--port", metavar="N", help="default: $HOUSE_PORT, else 8080; 0 takes any free one")
    parser.add_argument(
        "--host", metavar="H", help="address to listen on (default: $HOUSE_HOST, else 127.0.0.1)"
    )
    parser.add_argument("--demo", action="store_true", help="play the demo when it is up, and stay up")
    add_data(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    flags = {"port": args.port, "host": args.host, "data": args.data}
    if args.demo:
        from shared.cli.demo.host import stay

        return stay(flags)
    settings = load(**flags)

    def announce(url: str) -> None:
        print(f"The House is open at {url}, data in {settings.data}", file=sys.stderr, flush=True)

    serve(settings, announce)
    return 0


def load(**flags: Any) -> Settings:
    """The node's settings, flags before the environment.

    Raises:
        Misuse: a setting is wrong.
    """
    from shared.runtime.settings import Settings, SettingsError

    try:
        return Settings.load(os.environ, **flags)
    except SettingsError as error:
        raise Misuse(str(error)) from error


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Run a node in this thread, the main one, until SIGTERM or SIGINT; `ready` hears its URL.

    Raises:
        Misuse: the data directory or the address cannot be used.
    """
    from shared.runtime import node
    from shared.runtime.settings import SettingsError

    # The server raises the signal that stopped it once more when it is done: both are then a KeyboardInterrupt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        node.run(settings, ready=lambda _, url: ready(url))
    except SettingsError as error:
        raise Misuse(str(error)) from error
    except KeyboardInterrupt:
        return

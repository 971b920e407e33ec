"""`house`: the one command of the House. Each sub-command is a module with `register`."""

import os
import sys
from collections.abc import Sequence

from shared.cli import (
    commit,
    dead_letters,
    deliver,
    emulate,
    invite,
    journey,
    key,
    ledger,
    log,
    package,
    rebuild,
    respond,
    revoke,
    route,
    sign_in,
    simulate,
    token,
    up,
    verify,
)
from shared.cli.demo import command as demo
from shared.cli.failures import Failure, printable
from shared.cli.parsing import Parser, examples

COMMANDS = (
    up,
    emulate,
    demo,
    invite,
    respond,
    revoke,
    deliver,
    log,
    journey,
    token,
    sign_in,
    key,
    commit,
    ledger,
    verify,
    dead_letters,
    rebuild,
    route,
    package,
    simulate,
)


def parser() -> Parser:
    """The whole command line. Building it imports nothing heavy."""
    house = Parser(
        prog="house",
        description="Matches developers who both said yes, and returns what came of it.",
        epilog=examples(
            "house up --demo              a node on http://127.0.0.1:8080, and the demo on it",
            "house demo --once            the demo on a throw-away node",
            "house log --follow           every event as it happens",
            "house journey 4bf92f3577b34da6a3ce929d0e0e4736",
        )
        + "\n\nexit codes: 0 done, 1 failed, 2 misused",
    )
    subparsers = house.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(subparsers)
    return house


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args))
    except Failure as failure:
        print(f"house: {printable(' '.join(str(failure).split()))}", file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())

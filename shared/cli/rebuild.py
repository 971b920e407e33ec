"""`house rebuild`: states are what the events say, and nothing else."""

from __future__ import annotations

import argparse

from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, add_data, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "rebuild",
        help="make all states again from the events",
        description="Makes every state again from the archive's segments and the log's tail, and compares.\n"
        "Without --check the new states take the place of the old; no node may have them open then.",
        epilog=examples("house rebuild --check", "house rebuild --data ./.house"),
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a digest differs")
    add_data(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rebuild or compare; 1 when they differ."""
    from shared.cli.up import load
    from shared.domain.segments import Tampered
    from shared.runtime import rebuild
    from shared.runtime.settings import SettingsError

    try:
        return 0 if rebuild.run(load(data=args.data), check=args.check, report=print) else 1
    except SettingsError as error:
        raise Misuse(str(error)) from error
    except Tampered as error:
        raise Failure(f"the archive is not what was sealed: {error}") from error

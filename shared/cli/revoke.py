"""`house revoke`: take an opt-in back, in a commit of one's own."""

from __future__ import annotations

import argparse

from shared.cli import invitation, statement
from shared.cli.failures import Misuse
from shared.cli.parsing import Subparsers, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "revoke",
        help="take an opt-in back, in a commit",
        description="Makes the commit that takes an opt-in back, whichever of the two you are. It counts from its\n"
        "receipt on, also for what was derived before. It prints the commit's hash.",
        epilog=examples("house revoke d3ae11d966e0641aac118fab551f1273d400af93 --push"),
    )
    parser.add_argument("hash", metavar="HASH", help="the invitation's commit")
    statement.add_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the revoking commit."""
    commit, origin = args.hash, args.origin
    if origin is None:
        try:
            found = invitation.find(args)
            commit, origin = found.commit, found.origin
        except Misuse:
            # The invitation itself may be out of reach by now, and its House is still known.
            if not invitation.is_whole(commit):
                raise
            origin = statement.house_told(args).origin
    said = {"House-Revoke": commit, "House-Origin": origin}
    return statement.make(args, "Take an opt-in back", said)

"""`house respond`: answer an invitation, in a commit of one's own."""

from __future__ import annotations

import argparse

from shared.cli import invitation, statement
from shared.cli.invite import instant, login
from shared.cli.own_repository import OwnRepository
from shared.cli.parsing import Subparsers, examples
from shared.domain.instants import rfc3339


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "respond",
        help="accept or decline an invitation, in a commit",
        description="Makes the commit that answers an invitation, and repeats what it agrees to. The invitation is\n"
        "read from a clone that has its commit, or from the node (with HOUSE_TOKEN). It prints the commit's hash.",
        epilog=examples(
            "house respond d3ae11d966e0641aac118fab551f1273d400af93 --accept --invitation ~/clones/tide-tables",
            "house respond d3ae11d966e0641aac118fab551f1273d400af93 --decline --push --yes",
        ),
    )
    parser.add_argument("hash", metavar="HASH", help="the invitation's commit")
    word = parser.add_mutually_exclusive_group(required=True)
    word.add_argument("--accept", action="store_true", help="say yes")
    word.add_argument("--decline", action="store_true", help="say no")
    parser.add_argument(
        "--invitation", metavar="PATH", help="a clone that has the invitation (default: --repo)"
    )
    parser.add_argument(
        "--as", dest="own", type=login, metavar="@LOGIN", help="who you are (default: git's github.user)"
    )
    parser.add_argument("--since", type=instant, metavar="TIME", help="also cover what happened since then")
    statement.add_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the answering commit."""
    found = invitation.find(args)
    own = args.own or OwnRepository.at(args.repo).login()
    invitation.check_answerable(args, found, own)
    notes = (
        ()
        if own or not found.invitee
        else (f"The invitation is to {found.invitee}; only they can answer it.",)
    )
    if args.decline:
        said = {"House-Decline": found.commit, "House-Origin": found.origin}
        return statement.make(args, "Decline an opt-in", said, notes)
    said = {"House-Accept": found.commit, "House-Terms": found.terms, "House-Origin": found.origin}
    if args.since is not None:
        said["House-Since"] = rfc3339(args.since)
    return statement.make(args, "Accept an opt-in", said, notes)

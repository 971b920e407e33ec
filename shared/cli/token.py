"""`house token`: let someone in."""

from __future__ import annotations

import argparse
import json
from typing import get_args

from shared.cli.api import signed_in
from shared.cli.failures import Misuse
from shared.cli.parsing import Subparsers, add_node, examples
from shared.domain.requests import Role


def register(subparsers: Subparsers) -> None:
    """Add the sub-command and its own."""
    token = subparsers.add_parser(
        "token", help="issue tokens", description="Issues the tokens that open the API."
    )
    actions = token.add_subparsers(title="actions", metavar="ACTION", required=True)
    issue = actions.add_parser(
        "issue",
        help="make a token and show it once",
        description="Makes a token and prints it. The node keeps only its digest: it is never shown again.",
        epilog=examples(
            "house token issue --role developer --name github:583231/octocat",
            "house token issue --role developer --name github:583231/octocat --once",
            "house token issue --role client --name 'The Tide Fund'",
        ),
    )
    issue.add_argument("--role", required=True, choices=get_args(Role), help="what it opens")
    issue.add_argument(
        "--name", required=True, metavar="N", help="whose it is; a developer's reads github:ID/LOGIN"
    )
    issue.add_argument(
        "--once", action="store_true", help="a link that signs a developer in once, within a day, instead"
    )
    issue.add_argument("--json", action="store_true", help="the token with its role, subject and name")
    add_node(issue)
    issue.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Issue the token."""
    if args.once:
        if args.role != "developer":
            raise Misuse("--once is for --role developer")
        made = signed_in(args).post("/api/one-time-tokens", {"name": args.name})
        print(json.dumps(made, ensure_ascii=False) if args.json else made["url"])
        return 0
    issued = signed_in(args).post("/api/tokens", {"role": args.role, "name": args.name})
    print(json.dumps(issued, ensure_ascii=False) if args.json else issued["token"])
    return 0

"""`house demo`: the main job, played through the public HTTP API."""

from __future__ import annotations

import argparse
import json

from shared.cli.failures import Misuse
from shared.cli.parsing import Subparsers, add_node, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "demo",
        help="play the main job through the public API",
        description="Five developers say yes in real commits, a client asks, a team of five forms, votes and\n"
        "points, and the client gets a result. Runs on a running node, or on a throw-away one.",
        epilog=examples(
            "house demo --once",
            "house demo --once --json | jq .result",
            "house demo --url https://house.example --secret S        (with HOUSE_TOKEN set)",
        ),
    )
    parser.add_argument("--once", action="store_true", help="on a throw-away node, which is gone afterwards")
    parser.add_argument(
        "--json", action="store_true", help="one object with steps, ids, links and the result"
    )
    parser.add_argument(
        "--secret", metavar="S", help="the node's webhook secret (default: of its data directory)"
    )
    parser.add_argument("--seed", metavar="N", type=int, help="the same people, votes and points each time")
    parser.add_argument(
        "--at",
        metavar="INSTANT",
        type=seconds,
        help="when the first commit was made, as RFC 3339 says it (default: now); with --seed, commits are\n"
        "the same each time. An invitation stays open for a week from it.",
    )
    add_node(parser)
    parser.set_defaults(run=run)


def seconds(text: str) -> int:
    """An instant as seconds since 1970."""
    from shared.domain.instants import SECOND_US, from_rfc3339

    try:
        return from_rfc3339(text) // SECOND_US
    except ValueError as error:
        expected = "expected an instant such as 2026-11-21T08:00:00Z"
        raise argparse.ArgumentTypeError(f"{expected}, got {text[:40]!r}") from error


def run(args: argparse.Namespace) -> int:
    """Play it, and print the summary where JSON is asked for.

    Raises:
        Failure: naming the step that did not hold.
    """
    from shared.cli.api import data_directory, signed_in
    from shared.cli.demo import host
    from shared.cli.demo.cast import cast
    from shared.cli.demo.show import show, webhook_secret

    if args.once and (args.url or args.data or args.secret):
        raise Misuse("house demo --once has a node of its own: --url, --data and --secret don't go with it")
    if args.once:
        outcome = host.once(args.seed, args.at, args.json)
    else:
        secret = webhook_secret(data_directory(args.data), args.secret)
        players = cast(host.nonce(args.seed))
        outcome = show(signed_in(args), secret, players, profiles=False, json=args.json, begins_s=args.at)
    if args.json:
        print(json.dumps(outcome.told, ensure_ascii=False, indent=2))
    if outcome.failure:
        raise outcome.failure
    return 0

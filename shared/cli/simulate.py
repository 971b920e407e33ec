"""`house simulate`: the whole route under a seeded scheduler, with everything going wrong that can."""

from __future__ import annotations

import argparse

from shared.cli.parsing import Subparsers, examples, positive


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "simulate",
        help="run the route under seeded faults",
        description="Runs the whole route with a virtual clock, once a seed: duplicated, reordered and delayed\n"
        "messages, crashes, slow stores. Prints the seed that breaks a rule.",
        epilog=examples("house simulate --seeds 300", "house simulate --seeds 1 --seed 4711"),
    )
    parser.add_argument("--seeds", required=True, type=positive, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, metavar="S", help="the first of them (default: a fixed one)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the seeds; 1 when one fails."""
    from shared.runtime import simulate

    return 0 if simulate.run(args.seeds, args.seed, print) else 1

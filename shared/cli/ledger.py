"""`house ledger`: take the public ledger elsewhere, whole or one entry at a time."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from shared.cli.api import data_directory, node_url
from shared.cli.failures import Misuse
from shared.cli.ledger_source import borrowing, copy_of, git, leaf, repository, sound
from shared.cli.parsing import Subparsers, add_node, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command and its own."""
    ledger = subparsers.add_parser(
        "ledger",
        help="push the public ledger, or prove one entry of it",
        description="Takes the public ledger elsewhere: to another repository, or one entry with its proof.",
        epilog=examples("git clone http://127.0.0.1:8080/ledger.git", "house verify ./ledger"),
    )
    actions = ledger.add_subparsers(title="actions", metavar="ACTION", required=True)
    push = actions.add_parser(
        "push",
        help="push it to another repository",
        description="Pushes the ledger's main to a git remote, after proving it. Nothing there is overwritten.",
        epilog=examples("house ledger push git@github.com:house-example/ledger.git"),
    )
    push.add_argument("remote", metavar="REMOTE", help="a URL or path that git pushes to")
    push.set_defaults(run=run_push)
    proof = actions.add_parser(
        "proof",
        help="write the proof that one entry is in it",
        description="Writes a small file that `house verify --proof FILE` checks without the ledger\n"
        "(https://c2sp.org/tlog-proof): the entry's commit, its place, the path to the root, a signed checkpoint.",
        epilog=examples(
            "house ledger proof 35b7925ad1a0b0a3c2a4d8c9d3f8a1c5e2b7f604 --output alice.tlog-proof"
        ),
    )
    proof.add_argument(
        "hash", metavar="HASH", help="the entry's or opt-in's hash, or that of the commit the entry is about"
    )
    proof.add_argument("--output", type=Path, metavar="FILE", help="default: HASH.tlog-proof")
    proof.set_defaults(run=run_proof)
    for action in (push, proof):
        action.add_argument("--ledger", metavar="L", help="a clone or URL (default: the node's own ledger)")
        add_node(action)


def _ledger(args: argparse.Namespace) -> str:
    if args.ledger:
        return str(args.ledger)
    return f"{node_url(args.url, data_directory(args.data))}/ledger.git"


def run_push(args: argparse.Namespace) -> int:
    """Prove the ledger, then push it."""
    if args.remote.startswith("-"):
        raise Misuse(f"REMOTE: expected a URL or a path, got {args.remote!r}")
    with repository(_ledger(args)) as folder:
        with copy_of(str(folder)) as copy:
            main, objects = copy.main, copy.objects
            size = len(sound(copy).names)
        with borrowing(objects) as own:
            git("-C", str(own), "push", "--quiet", args.remote, f"{main}:refs/heads/main")
    print(f"{args.remote} has {size} entries and opt-ins, main is at {main}")
    return 0


def run_proof(args: argparse.Namespace) -> int:
    """Write the proof."""
    if not re.fullmatch(r"[0-9a-f]{40}", args.hash):
        raise Misuse(f"HASH: expected 40 hexadecimal digits, got {args.hash[:60]!r}")
    with copy_of(_ledger(args)) as copy:
        history = sound(copy)
        proof = history.proof(leaf(history, copy, args.hash), copy.fetch)
    output = args.output or Path(f"{args.hash}.tlog-proof")
    try:
        output.write_bytes(proof.text)
    except OSError as error:
        raise Misuse(f"--output {output}: {error.strerror}") from error
    print(output)
    return 0

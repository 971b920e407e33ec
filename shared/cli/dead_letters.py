"""`house dead-letters`: inputs that met a bug, and another go for them after its repair."""

from __future__ import annotations

import argparse
from urllib.parse import quote

from shared.cli.api import signed_in
from shared.cli.parsing import Subparsers, add_node, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command and its own."""
    letters = subparsers.add_parser(
        "dead-letters",
        help="inputs that met a bug",
        description="Lists, shows and redrives inputs that met a bug and were parked.",
        epilog=examples(
            "house dead-letters list",
            "house dead-letters show optin 9f2c…",
            "house dead-letters redrive optin 9f2c…",
        ),
    )
    actions = letters.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="list them", description="Lists the parked inputs, newest first."
    )
    listing.add_argument("--function", metavar="F", help="only those of this function")
    listing.set_defaults(run=show_all)
    show = actions.add_parser("show", help="show one, with its stack", description="Shows one parked input.")
    show.set_defaults(run=show_one)
    redrive = actions.add_parser(
        "redrive",
        help="handle one again",
        description="Handles a parked input again; exit code 1 when it meets a bug again.",
    )
    redrive.set_defaults(run=redrive_one)
    for action in (show, redrive):
        action.add_argument("function", metavar="FUNCTION", help="the function that parked it")
        action.add_argument("input", metavar="INPUT", help="the input's id")
    for action in (listing, show, redrive):
        add_node(action)


def show_all(args: argparse.Namespace) -> int:
    """One line for each."""
    for letter in signed_in(args).get("/api/dead-letters", function=args.function)["letters"]:
        columns = (letter[part] for part in ("parked_at", "status", "function", "input", "type", "error"))
        print("  ".join(" ".join(str(column).split()) for column in columns))
    return 0


def show_one(args: argparse.Namespace) -> int:
    """Every field on its line, and the stack below."""
    letter = signed_in(args).get(_path(args))
    stack = letter.pop("stack", "")
    for name, value in letter.items():
        print(f"{name + ':':<11} {value}")
    print(f"\n{stack}")
    return 0


def redrive_one(args: argparse.Namespace) -> int:
    """Ask for another go."""
    went_through = signed_in(args).post(f"{_path(args)}/redrive")["went_through"]
    print("went through" if went_through else "met a bug again")
    return 0 if went_through else 1


def _path(args: argparse.Namespace) -> str:
    return f"/api/dead-letters/{quote(args.function, safe='')}/{quote(args.input, safe='')}"

"""`house sign-in`: show who you are, get a token of twelve hours."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.cli.api import Api, node
from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, add_node, examples
from shared.cli.signing import signed

STDIN = "-"
_HERE = ("127.0.0.1", "::1", "localhost")


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    command = subparsers.add_parser(
        "sign-in",
        help="sign in with your SSH key, or a one-time token",
        description="Signs in and prints a token of twelve hours, which the other commands read from HOUSE_TOKEN.\n"
        "The House gives a challenge, and ssh-keygen signs it with a key that you registered.",
        epilog=examples(
            "export HOUSE_TOKEN=$(house sign-in --url https://house.example --key ~/.ssh/id_ed25519)",
            "house sign-in --key ~/.ssh/id_ed25519 --link        a link for the browser, to all that concerns you",
        ),
    )
    how = command.add_mutually_exclusive_group(required=True)
    how.add_argument("--key", metavar="FILE", help="your key's file; its .pub where an ssh-agent has it")
    how.add_argument(
        "--once", metavar="TOKEN", help="a one-time token, or its link; - reads it from standard input"
    )
    shown = command.add_mutually_exclusive_group()
    shown.add_argument("--link", action="store_true", help="print a link that signs a browser in instead")
    shown.add_argument("--json", action="store_true", help="the token with its role, subject and end")
    add_node(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sign in."""
    api = node(args)
    opened = _by_key(api, Path(args.key)) if args.key else _once(api, args.once)
    if args.link:
        print(api.speaking_for(opened["token"]).post("/api/sign-in-links", {"next": "/me"})["url"])
    else:
        print(json.dumps(opened, ensure_ascii=False) if args.json else opened["token"])
    return 0


def _by_key(api: Api, key: Path) -> dict[str, Any]:
    if not key.is_file():
        raise Misuse(f"--key: {key}: no such file")
    asked = api.post("/api/sign-in/challenges")
    challenge, namespace = str(asked["challenge"]), str(asked["namespace"])
    meant = _namespace(api.url)
    if namespace != meant and urlsplit(api.url).hostname not in _HERE:
        # Whoever asks for a signature for another House could sign in there.
        raise Failure(f"{api.url} wants a signature for {namespace}, not for {meant}: nothing was signed")
    print(f"ssh-keygen signs with {key}, for {namespace}", file=sys.stderr)
    signature = signed(key, f"{challenge}\n".encode(), namespace)
    opened: dict[str, Any] = api.post("/api/sign-in/ssh", {"challenge": challenge, "signature": signature})
    return opened


def _namespace(url: str) -> str:
    return f"house-sign-in@{urlsplit(url).hostname}"


def _once(api: Api, word: str) -> dict[str, Any]:
    given = sys.stdin.readline().strip() if word == STDIN else word
    given = given.rpartition("?once=")[2]
    opened: dict[str, Any] = api.post("/api/sign-in/one-time", {"token": given})
    return opened

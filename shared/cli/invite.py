"""`house invite`: ask a developer for a double opt-in, in a commit of one's own."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import time

from shared.cli import statement
from shared.cli.failures import Failure, Misuse
from shared.cli.own_repository import OwnRepository
from shared.cli.parsing import Subparsers, examples, positive
from shared.domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, from_rfc3339, rfc3339
from shared.domain.optins import INVITATION_US_MAX, PURPOSE

GITHUB_URL = "https://api.github.com"
GITHUB_TIMEOUT_S = 10.0
_LOGIN = re.compile(r"@?([A-Za-z0-9][A-Za-z0-9_-]{0,38})", re.ASCII)
_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_UNITS = {"m": MINUTE_US, "h": HOUR_US, "d": DAY_US}


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "invite",
        help="ask a developer for a double opt-in, in a commit",
        description="Makes the commit that invites a developer. It counts once it is pushed to a repository whose\n"
        "webhook goes to the House, and only together with the developer's answer. It prints the commit's hash.",
        epilog=examples(
            "house invite @bob",
            "house invite @bob --repo ~/tide-tables --expires 3d --push",
            "house invite @bob --id 583231 --origin https://house.example --terms sha256:… --yes",
        ),
    )
    parser.add_argument("login", type=login, metavar="@LOGIN", help="whom to ask, on GitHub")
    parser.add_argument(
        "--id", type=positive, metavar="N", help="the account's number (default: GitHub is asked for it)"
    )
    parser.add_argument("--purpose", default=PURPOSE, metavar="P", help=f"what for (default: {PURPOSE})")
    parser.add_argument(
        "--expires",
        type=expiry,
        default="7d",
        metavar="T",
        help="until when: 12h, 7d or a time (default: 7d)",
    )
    parser.add_argument("--since", type=instant, metavar="TIME", help="also cover what happened since then")
    parser.add_argument(
        "--terms", metavar="DIGEST", help="the notice's digest (default: the node's own word)"
    )
    parser.add_argument(
        "--github-url", metavar="U", help=f"GitHub's API (default: $HOUSE_GITHUB_URL, else {GITHUB_URL})"
    )
    statement.add_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the inviting commit."""
    own = OwnRepository.at(args.repo).login()
    if own and own.lower() == args.login.lower():
        raise Misuse(f"nobody invites themselves, and git's github.user is {own}")
    told = statement.house_told(args, args.terms)
    notes: tuple[str, ...] = ()
    number = args.id
    try:
        number = number or account_number(args.github_url, args.login)
    except Misuse:
        raise
    except Failure as failure:
        notes = (f"Without --id, whoever answers first as {args.login} is the one you asked: {failure}.",)
    who = f"github:{number}/{args.login}" if number else f"github:{args.login}"
    trailers = {
        "House-Invite": who,
        "House-Purpose": args.purpose,
        "House-Terms": told.terms,
        "House-Origin": told.origin,
        "House-Id": secrets.token_hex(16),
        "House-Expires": rfc3339(args.expires),
    }
    if args.since is not None:
        trailers["House-Since"] = rfc3339(args.since)
    return statement.make(args, f"Ask {args.login} for an opt-in", trailers, notes)


def account_number(github_url: str | None, name: str) -> int:
    """The number of the account that bears the login now.

    Raises:
        Misuse: no account does.
        Failure: GitHub cannot be asked.
    """
    import httpx

    base = (github_url or os.environ.get("HOUSE_GITHUB_URL") or GITHUB_URL).rstrip("/")
    headers = {"accept": "application/vnd.github+json", "user-agent": "house"}
    try:
        got = httpx.get(f"{base}/users/{name}", headers=headers, timeout=GITHUB_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failure(f"no answer from {base} ({type(error).__name__})") from error
    if got.status_code == 404:
        raise Misuse(f"GitHub knows no account {name}")
    try:
        found = got.json() if got.status_code == 200 else {}
    except ValueError:
        found = {}
    number, known = (found.get("id"), found.get("login")) if isinstance(found, dict) else (None, None)
    if not isinstance(number, int) or number < 1 or str(known).lower() != name.lower():
        raise Failure(f"{base} answered HTTP {got.status_code} without the account's number")
    return number


def login(text: str) -> str:
    """A login, with or without its @. What only looks like one is none."""
    found = _LOGIN.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a GitHub login such as @bob, got {text!r}")
    return found[1]


def instant(text: str) -> int:
    """A time, in microseconds since 1970."""
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-12-04T00:00:00Z, got {text!r}"
        ) from error


def expiry(text: str) -> int:
    """A time to come, given as such or as a span from now; at most 14 days away."""
    now_us = int(time.time()) * SECOND_US
    span = _SPAN.fullmatch(text)
    at_us = now_us + int(span[1]) * _UNITS[span[2]] if span else instant(text)
    if not now_us < at_us <= now_us + INVITATION_US_MAX:
        raise argparse.ArgumentTypeError(f"expected a time to come, at most 14 days away, got {text!r}")
    return at_us

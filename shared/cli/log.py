"""`house log`: every event, as it happened."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

from shared.cli.api import Api, signed_in
from shared.cli.parsing import Subparsers, add_node, examples

PAGE = 500
POLL_S = 0.5


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "log",
        help="list events, oldest first",
        description="Lists the node's events, oldest first: time, type, stream, correlation id.",
        epilog=examples(
            "house log --follow",
            "house log --kind house.optin.opt-in-confirmed.v1",
            "house log --correlation 4bf92f3577b34da6a3ce929d0e0e4736 --json | jq .data",
        ),
    )
    parser.add_argument("--follow", action="store_true", help="stay, and list events as they happen")
    parser.add_argument("--kind", metavar="K", help="only events of this type")
    parser.add_argument("--correlation", metavar="C", help="only events of this journey")
    parser.add_argument("--json", action="store_true", help="one CloudEvent a line")
    add_node(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the events, and go on for as long as --follow asks."""
    api = signed_in(args)
    events = of_journey(api, args.correlation, args.follow) if args.correlation else all_events(api, args)
    for event in events:
        if not args.correlation or not args.kind or event["type"] == args.kind:
            print(json.dumps(event, ensure_ascii=False) if args.json else line(event), flush=args.follow)
    return 0


def all_events(api: Api, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every event of the log from its beginning, page by page."""
    after: str | int | None = None
    while True:
        page = api.get("/api/events", after=after, kind=args.kind, limit=PAGE)
        yield from page["events"]
        if page["next"] is not None and page["next"] != after:
            after = page["next"]
        elif args.follow:
            time.sleep(POLL_S)
        else:
            return


def of_journey(api: Api, correlation: str, follow: bool) -> Iterator[dict[str, Any]]:
    """The events of one journey, which the node finds without reading its whole log."""
    seen: set[str] = set()
    while True:
        for event in api.get(f"/api/journeys/{correlation}")["events"]:
            if event["id"] not in seen:
                seen.add(event["id"])
                yield event
        if not follow:
            return
        time.sleep(POLL_S)


def line(event: dict[str, Any]) -> str:
    """One event in one line."""
    kind = event["type"].removeprefix("house.")
    return f"{event['time']:<27} {kind:<38} {event['subject']}  {event['correlationid']}"

"""`house journey`: all events of one correlation id, as the tree of what caused what."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from shared.cli.api import signed_in
from shared.cli.failures import Failure
from shared.cli.parsing import Subparsers, add_node, examples
from shared.domain.instants import SECOND_US, from_rfc3339


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "journey",
        help="draw what one event led to",
        description="Draws all events of one correlation id as a causal tree, with the seconds since the first.",
        epilog=examples("house journey 4bf92f3577b34da6a3ce929d0e0e4736"),
    )
    parser.add_argument("correlation", metavar="CORRELATION", help="the X-Correlation-Id of an answer")
    parser.add_argument("--json", action="store_true", help="the CloudEvents, as one array")
    add_node(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch the journey and draw it."""
    events = signed_in(args).get(f"/api/journeys/{args.correlation}")["events"]
    if not events:
        raise Failure(f"there is no journey {args.correlation}")
    if args.json:
        print(json.dumps(events, ensure_ascii=False, indent=2))
    else:
        print("\n".join(tree(events)))
    return 0


def tree(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    """One line for each event, below the one that caused it; times are those of recording."""
    began_us = min(_recorded_us(event) for event in events)
    known = {event["id"] for event in events}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for event in sorted(events, key=_recorded_us):
        below.setdefault(event["causationid"] if event["causationid"] in known else None, []).append(event)
    # (event, its branch, the branch its own children begin with), the next one to draw last
    pending = [(event, "", "") for event in reversed(below.get(None, []))]
    while pending:
        event, branch, trunk = pending.pop()
        seconds = (_recorded_us(event) - began_us) / SECOND_US
        name = event["type"].removeprefix("house.").rpartition(".v")[0]
        yield f"{seconds:+9.3f} s  {branch}{name}  {event['subject']}"
        children = below.get(event["id"], [])
        for child in reversed(children):
            last = child is children[-1]
            pending.append((child, trunk + ("└─ " if last else "├─ "), trunk + ("   " if last else "│  ")))


def _recorded_us(event: dict[str, Any]) -> int:
    return from_rfc3339(event.get("recordedtime") or event["time"])

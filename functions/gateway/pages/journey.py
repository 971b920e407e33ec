"""One journey as a causal tree: each event below the one that caused it, at its time since the first."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from functions.gateway import journeys
from functions.gateway.call import Answer, Call, missing
from functions.gateway.pages.render import offset, page, plain
from shared.domain.event import Recorded
from shared.domain.ids import correlation_id

DEPTH_MAX = 10
"""Deeper events are drawn at this depth: a page has an edge."""


class Node(Struct, frozen=True):
    """One event in the tree. `rails` are the lines to its left, outermost first: line, tee, end or gap."""

    event: Recorded
    fields: tuple[tuple[str, str], ...]
    rails: tuple[str, ...]
    at: str
    place: float


def show(call: Call) -> Answer:
    """The tree of the events that the caller may see."""
    correlation = correlation_id(call.path["correlationid"])
    seen = journeys.journey(call.edge, call.who, correlation) if correlation else []
    if not seen:
        raise missing("journey")
    nodes = tree(seen)
    first, last = min(e.recorded_us for e, _ in seen), max(e.recorded_us for e, _ in seen)
    return page(
        call,
        "journey.html",
        journey=correlation,
        nodes=nodes,
        began_us=first,
        lasted=offset(last - first).removeprefix("+"),
        functions=sorted({event.function for event, _ in seen}),
        cut=len(seen) >= journeys.EVENTS_MAX,
    )


def tree(seen: Sequence[tuple[Recorded, dict[str, Any]]]) -> list[Node]:
    """The events in the order in which they are drawn. An event whose cause is not among them is a root."""
    known = {event.id for event, _ in seen}
    first_us = min(event.recorded_us for event, _ in seen)
    span_us = max(1, max(event.recorded_us for event, _ in seen) - first_us)
    below: dict[str | None, list[tuple[Recorded, dict[str, Any]]]] = {}
    for event, data in seen:
        cause = event.causation if event.causation in known and event.causation != event.id else None
        below.setdefault(cause, []).append((event, data))
    nodes: list[Node] = []
    # (event, its rails, the rails its own children begin with), the next one to draw last
    ahead: list[tuple[tuple[Recorded, dict[str, Any]], tuple[str, ...], tuple[str, ...]]]
    ahead = [(item, (), ()) for item in reversed(below.get(None, []))]
    while ahead:
        (event, data), rails, trunk = ahead.pop()
        elapsed_us = event.recorded_us - first_us
        nodes.append(Node(event, _fields(data), rails[:DEPTH_MAX], offset(elapsed_us), elapsed_us / span_us))
        children = below.pop(event.id, [])
        for item in reversed(children):
            last = item is children[-1]
            mine = (*trunk, "end" if last else "tee")
            ahead.append((item, mine, (*trunk, "gap" if last else "line")))
    return nodes


def _fields(data: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, plain(value)) for name, value in data.items())

"""What Google charges, in US dollars, by list price and without the free tiers; and what a count of operations comes to.

Read on 2026-11-21. Firestore's are those of a single American region; a multi-region costs twice as much.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """Dollars for `each` units of what is counted, and where that is written."""

    dollars: float
    each: float
    source: str


_FIRESTORE = "https://cloud.google.com/firestore/pricing"
_PUBSUB = "https://cloud.google.com/pubsub/pricing"
_STORAGE = "https://cloud.google.com/storage/pricing"
PRICES: Mapping[str, Price] = {
    "reads": Price(0.03, 1e5, _FIRESTORE),
    "writes": Price(0.09, 1e5, _FIRESTORE),
    "deletes": Price(0.01, 1e5, _FIRESTORE),
    "billed_bytes": Price(40.0, 2**40, _PUBSUB),
    "class_a": Price(0.005, 1e3, _STORAGE),
    "class_b": Price(0.0004, 1e3, _STORAGE),
}
MESSAGE_BYTES_MIN = 1000
"""The least that Pub/Sub charges for a request, and so, at its dearest, for a message published or pushed."""


def dollars(counted: Mapping[str, float]) -> float:
    """What the counted operations cost; what has no price here costs nothing."""
    return sum(
        counted[name] / price.each * price.dollars for name, price in PRICES.items() if name in counted
    )


def table(title: str, counted: Counter[str], webhooks: int) -> str:
    """The operations of `webhooks` webhooks as they are for a million, with their cost."""
    per_million = {name: count / webhooks * 1e6 for name, count in counted.items()}
    lines = [f"{title}, per million webhooks:"]
    for name, price in PRICES.items():
        count = per_million.get(name, 0.0)
        lines.append(f"  {name:<13}{count:>16,.0f}  ${dollars({name: count}):>7.2f}  {price.source}")
    lines.append(f"  {'altogether':<31}${dollars(per_million):>7.2f}")
    return "\n".join(lines)

"""`python -m tests.benchmarks`: a table on the screen, and one JSON object a line in `.bench/results.jsonl`."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from tests.benchmarks.cold import cold
from tests.benchmarks.commands import commands
from tests.benchmarks.disk import disk
from tests.benchmarks.emulated import emulated
from tests.benchmarks.figures import FULL, QUICK, Benchmark, Figure, table
from tests.benchmarks.followers import followers
from tests.benchmarks.imports import imports
from tests.benchmarks.intake import intake
from tests.benchmarks.ledger import ledger
from tests.benchmarks.memory import memory
from tests.benchmarks.places import KEPT
from tests.benchmarks.replays import replays
from tests.benchmarks.sealing import sealing

BENCHMARKS: dict[str, Benchmark] = {
    "commands": commands,
    "followers": followers,
    "replays": replays,
    "disk": disk,
    "intake": intake,
    "memory": memory,
    "imports": imports,
    "cold": cold,
    "emulated": emulated,
    "ledger": ledger,
    "sealing": sealing,
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, help="measure only this; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one run: shows that it works")
    parser.add_argument("--results", type=Path, default=KEPT / "results.jsonl", metavar="FILE")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    for name in chosen.only or BENCHMARKS:
        print(f"measuring {name} …", flush=True)
        found = BENCHMARKS[name](QUICK if chosen.quick else FULL)
        print(table(found), flush=True)
        figures.extend(found)
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    chosen.results.write_bytes(b"".join(msgspec.json.encode(figure) + b"\n" for figure in figures))
    goals = [figure for figure in figures if figure.goal]
    print(f"\n{table(figures)}\n\n{sum(bool(figure.met) for figure in goals)} of {len(goals)} goals met")


if __name__ == "__main__":
    main()

"""What importing one function costs a cold start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from tests.benchmarks.figures import Figure, Scale, below
from tests.benchmarks.places import ROOT

BUDGET_MS = {
    "aggregator": 250,
    "archiver": 250,
    "crawler": 250,
    "eventlog": 200,
    "gateway": 400,
    "intake": 200,
    "matchmaker": 250,
    "optin": 250,
}
NEW_MS = 250
"""What a function may take that is not in the table yet; what a cold start adds to it is in `cold`."""
_TIMED = (
    "import time, importlib; started = time.perf_counter(); importlib.import_module('functions.{}.main');"
    "print((time.perf_counter() - started) * 1000)"
)


def imports(scale: Scale) -> Sequence[Figure]:
    """Each function alone, in a fresh process."""
    names = sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))
    for name in names:
        _import_ms(name)  # the first writes the byte code
    taken = {name: [_import_ms(name) for _ in range(scale.runs)] for name in names}
    return [below(f"import of {name}", "ms", taken[name], BUDGET_MS.get(name, NEW_MS)) for name in names]


def _import_ms(name: str) -> float:
    command = [sys.executable, "-c", _TIMED.format(name)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)

"""The benchmarks work. How fast anything is, only `make bench` on a quiet machine can say."""

import subprocess
import sys
from pathlib import Path

import msgspec

from tests.benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[1]


def test_the_fastest_benchmarks_run_and_leave_their_figures(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    chosen = ["--only", "commands", "--only", "replays", "--only", "disk"]
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick", *chosen, "--results", str(results)],
        cwd=ROOT,
        check=True,
        timeout=60,
        capture_output=True,
    )
    figures = [msgspec.json.decode(line, type=Figure) for line in results.read_bytes().splitlines()]
    assert {figure.name.split()[0] for figure in figures} == {"command", "replay", "disk"}
    assert all(figure.value > 0 for figure in figures)
    assert all(figure.met is not None for figure in figures if figure.goal)

"""The benchmarks work. How fast anything is, only `make bench` on a quiet machine can say."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from emulators.google import Missing, check
from tests.benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[1]


def measured(tmp_path: Path, *names: str, timeout_s: float = 60) -> list[Figure]:
    """The figures of a quick run of some benchmarks."""
    results = tmp_path / "results.jsonl"
    chosen = [word for name in names for word in ("--only", name)]
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick", *chosen, "--results", str(results)],
        cwd=ROOT,
        check=True,
        timeout=timeout_s,
        capture_output=True,
    )
    return [msgspec.json.decode(line, type=Figure) for line in results.read_bytes().splitlines()]


def test_the_fastest_benchmarks_run_and_leave_their_figures(tmp_path: Path) -> None:
    figures = measured(tmp_path, "commands", "replays", "disk")
    assert {figure.name.split()[0] for figure in figures} == {"command", "replay", "disk"}
    assert all(figure.value > 0 for figure in figures)
    assert all(figure.met is not None for figure in figures if figure.goal)


@pytest.mark.emulator
@pytest.mark.timeout(300)
def test_those_on_the_emulators_run_and_leave_their_figures(tmp_path: Path) -> None:
    try:
        check()
    except Missing as missing:
        pytest.skip(f"the emulators are missing: {missing}")
    figures = measured(tmp_path, "cold", "emulated", timeout_s=280)
    assert {figure.name.split()[0] for figure in figures} == {"cold", "deliveries", "sent"}
    assert all(figure.value > 0 and figure.met is not None for figure in figures)


def test_without_the_emulators_they_are_left_out_with_the_way_to_install_them(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "cold", "--results", str(results)],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert "left out: gcloud is not installed: see https://" in done.stdout
    assert results.read_bytes() == b""

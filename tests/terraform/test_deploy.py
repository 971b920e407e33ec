"""The deployment's script, with Google's and HashiCorp's tools replaced by ones that note what they were asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.terraform.conftest import MODULE

NOTES = """#!/bin/sh
echo "$(basename "$0") $*" >>"$NOTES"
case "$*" in
  "config get-value account") echo operator@house.example ;;
  "storage buckets describe"*) [ -n "$HAS_STATE" ] ;;
  "secrets list"*) echo github; echo pepper; echo standard-shop ;;
  "secrets versions list pepper"*) echo 1 ;;
  "secrets versions add"*) echo "value $(cat)" >>"$NOTES" ;;
esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A source tree with an archive, and tools that take notes."""
    (tmp_path / "terraform").mkdir()
    shutil.copy(MODULE / "deploy", tmp_path / "terraform" / "deploy")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "house.zip").write_bytes(b"zip")
    (tmp_path / "bin").mkdir()
    for tool in ("gcloud", "terraform"):
        (tmp_path / "bin" / tool).write_text(NOTES)
        (tmp_path / "bin" / tool).chmod(0o755)
    return tmp_path


def deploy(
    house: Path, *argv: str, typed: str = "", **environ: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    notes = house / "notes"
    done = subprocess.run(
        [house / "terraform" / "deploy", *argv],
        env={"PATH": f"{house / 'bin'}:{os.environ['PATH']}", "NOTES": str(notes), **environ},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, notes.read_text().splitlines() if notes.exists() else []


def test_state_secrets_and_their_values_come_before_everything_else(house: Path) -> None:
    done, notes = deploy(house, "my-house", "europe-west3", typed="whsec_typed\n")
    assert done.returncode == 0, done.stderr
    steps = (
        "gcloud services enable",
        "gcloud storage buckets create gs://my-house-house-state",
        "-backend-config=bucket=my-house-house-state",
        "-target=google_secret_manager_secret.this",
        "gcloud secrets versions add github",
        "gcloud secrets versions add standard-shop",
        " apply",
    )
    places = [max(n for n, note in enumerate(notes) if step in note) for step in steps]
    assert places == sorted(places)
    assert notes[-1].endswith(" apply")


def test_values_travel_on_standard_input_and_none_is_replaced(house: Path) -> None:
    _, notes = deploy(house, "my-house", "europe-west3", typed="whsec_typed\n")
    values = [note.removeprefix("value ") for note in notes if note.startswith("value ")]
    assert len(values) == 2
    assert len(values[0]) == 64
    assert values[1] == "whsec_typed"
    assert not [note for note in notes if not note.startswith("value ") and any(v in note for v in values)]
    assert not [note for note in notes if "versions add pepper" in note]


def test_the_bucket_of_the_state_is_made_once(house: Path) -> None:
    _, notes = deploy(house, "my-house", "europe-west3", typed="whsec_typed\n", HAS_STATE="1")
    assert not [note for note in notes if "buckets create" in note]


def test_options_reach_the_last_apply_alone(house: Path) -> None:
    _, notes = deploy(house, "my-house", "europe-west3", "-auto-approve", typed="whsec_typed\n")
    assert notes[-1].endswith(" apply -auto-approve")


@pytest.mark.parametrize("argv", [(), ("my-house",), ("", "")])
def test_it_says_how_it_is_used(house: Path, argv: tuple[str, ...]) -> None:
    done, notes = deploy(house, *argv)
    assert (done.returncode, notes) == (2, [])
    assert "make deploy PROJECT=" in done.stderr


def test_without_an_archive_nothing_begins(house: Path) -> None:
    (house / "build" / "house.zip").unlink()
    done, notes = deploy(house, "my-house", "europe-west3")
    assert (done.returncode, notes) == (1, [])
    assert "house package" in done.stderr


def test_a_secret_without_a_value_stops_it(house: Path) -> None:
    done, notes = deploy(house, "my-house", "europe-west3", typed="\n")
    assert done.returncode == 1
    assert "the secret standard-shop needs a value" in done.stderr
    assert not [note for note in notes if note.endswith(" apply")]

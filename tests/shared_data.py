"""Recorded payloads that lie beside the repository, not in it."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def shared_data(name: str) -> Path:
    """The file or folder `name` of the shared data. Without it the test is skipped, but on CI it fails."""
    path = (_ROOT / name).resolve()
    if not path.exists():
        reason = f"needs the recorded data {name!r} in ../shared/data beside the repository"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path

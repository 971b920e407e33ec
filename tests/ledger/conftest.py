"""A sound ledger in a repository, with its key beside it."""

from pathlib import Path

import pytest

from tests.ledger.publishing import laid_out
from tests.ledger.verifying import published


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    at = published()
    (tmp_path / "house.key").write_text(at.state.key)
    return laid_out(at.state, at.bucket, tmp_path)

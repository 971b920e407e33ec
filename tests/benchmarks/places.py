"""Where benchmarks keep their files: on the repository's disk, as a store in memory would be durable for nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".bench"


@contextmanager
def fresh() -> Iterator[Path]:
    """An empty folder that is gone afterwards."""
    KEPT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=KEPT, ignore_cleanup_errors=True) as folder:
        yield Path(folder)

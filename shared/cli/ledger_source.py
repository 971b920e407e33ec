"""Where a ledger comes from: a clone on this disk, or a URL that git clones for the while."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shared.cli.failures import Failure, Misuse

if TYPE_CHECKING:
    from shared.adapters.ledger_copy import LedgerCopy
    from shared.domain.ledger import History

CLONE_S_MAX = 3_600
ALLOCATED_BYTES_MAX = "1g"
"""As git reads it, of one piece of memory: a pack may have objects that are a thousand times larger unpacked."""


@contextmanager
def repository(ledger: str) -> Iterator[Path]:
    """A folder with the ledger in it.

    Raises:
        Failure: git cannot clone it.
        Misuse: there is no such folder.
    """
    if "://" not in ledger:
        if not Path(ledger).is_dir():
            raise Misuse(f"there is no folder {ledger}: expected a clone of a ledger, or a URL to clone")
        yield Path(ledger)
        return
    with tempfile.TemporaryDirectory(prefix="house-ledger-") as folder:
        how = ("-c", "pack.threads=1", "--quiet", "--bare", "--single-branch", "--template=")
        git("clone", *how, "--", ledger, f"{folder}/ledger.git")
        yield Path(folder) / "ledger.git"


@contextmanager
def borrowing(objects: Path) -> Iterator[Path]:
    """A repository of our own with the objects of another, whose configuration and hooks are nobody's business."""
    with tempfile.TemporaryDirectory(prefix="house-ledger-") as folder:
        git("init", "--quiet", "--bare", "--template=", "--", f"{folder}/ledger.git")
        info = Path(folder) / "ledger.git" / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{objects.resolve()}\n")
        yield Path(folder) / "ledger.git"


def git(*arguments: str) -> None:
    """Run git; it asks nobody for a password, and takes no more memory at once than any ledger could need.

    Raises:
        Failure: git failed; its last line says why.
    """
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOC_LIMIT": ALLOCATED_BYTES_MAX}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environ, capture_output=True, timeout=CLONE_S_MAX, check=False
        )
    except FileNotFoundError:
        raise Failure("there is no git on this machine") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"git {arguments[0]} took longer than {CLONE_S_MAX} s") from None
    if done.returncode != 0:
        # The other side may say anything, in any encoding.
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        said = [line for line in lines if line.strip() and not line.startswith("hint:")]
        raise Failure(f"git {arguments[0]}: {'; '.join(said[-3:]) or f'exit code {done.returncode}'}")


@contextmanager
def copy_of(ledger: str) -> Iterator[LedgerCopy]:
    """The ledger, open.

    Raises:
        Failure: it cannot be had, or a file of it is damaged.
    """
    from shared.adapters.ledger_copy import Broken, LedgerCopy

    with repository(ledger) as folder:
        try:
            yield LedgerCopy(folder)
        except Broken as error:
            raise Failure(f"the ledger {ledger}: {error}") from error


def sound(copy: LedgerCopy) -> History:
    """The ledger's whole history, every object of it checked.

    Raises:
        Failure: it is not sound.
    """
    from shared.domain.ledger import Unsound, read

    try:
        return read(copy.main, copy.fetch)
    except Unsound as error:
        raise Failure(f"the ledger is not sound: {error}") from error


def leaf(history: History, copy: LedgerCopy, asked: str) -> str:
    """The entry or opt-in of that hash, or the only entry about the commit of that hash.

    Raises:
        Failure: there is none, or there are several.
    """
    if asked in history.names:
        return asked
    line = f"\nanchor: {asked}\n".encode()
    about = [name for name in history.names if line in copy.fetch(name)[1]]
    if len(about) == 1:
        return about[0]
    if about:
        raise Failure(f"{len(about)} entries are about the commit {asked}: name one, such as {about[-1]}")
    raise Failure(f"there is no entry or opt-in {asked} in this ledger, nor an entry about such a commit")

"""Repositories: real ones, made with git, whose commits the demo's payloads are built from.

Git runs without the user's configuration, hooks or identity, so that a run depends on nothing around it.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.cli.demo.cast import Developer

GIT_TIMEOUT_S = 30
NOTHING = "0" * 40  # how git writes "no commit" where a ref did not exist before

_FORMAT = "%H%x00%T%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B"


@dataclass(frozen=True)
class Commit:
    """One commit, as git tells it. `changed` are (status letter, path)."""

    hash: str
    tree: str
    author: tuple[str, str]
    committer: tuple[str, str]
    committed_at: str
    message: str
    changed: tuple[tuple[str, str], ...]

    def paths(self, status: Literal["A", "D", "M"]) -> list[str]:
        """The paths added, deleted or modified."""
        return [path for letter, path in self.changed if letter == status]


@dataclass(frozen=True)
class Repository:
    """A repository with a working tree at `path`, owned by `owner` on GitHub under `id`."""

    path: Path
    owner: Developer
    name: str
    id: int

    @staticmethod
    def create(parent: Path, owner: Developer, name: str, number: int) -> "Repository":
        """A new, empty one below `parent`, its branch called main."""
        path = parent / owner.login / name
        path.mkdir(parents=True)
        repository = Repository(path, owner, name, number)
        repository._git("init", "--quiet", "--initial-branch=main")
        return repository

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"

    def head(self) -> str:
        """The newest commit's hash, or forty zeros when there is none."""
        return self._git("rev-parse", "--verify", "--quiet", "HEAD", may_fail=True).strip() or NOTHING

    def commit(self, author: Developer, message: str, files: Mapping[str, str], at_s: int) -> str:
        """Write `files`, commit them at `at_s` (seconds since 1970, UTC); the commit's hash."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", message, identity=author, at_s=at_s)
        return self.head()

    def commits(self, before: str, after: str) -> list[Commit]:
        """What is reachable from `after` and not from `before`, oldest first."""
        span = after if before == NOTHING else f"{before}..{after}"
        return [self._commit(name) for name in self._git("rev-list", "--reverse", span).split()]

    def _commit(self, name: str) -> Commit:
        shown = self._git("show", "--no-patch", f"--format={_FORMAT}", name).split("\0")
        hash_, tree, author, author_email, committer, committer_email, committed_at, message = shown
        changes = self._git(
            "diff-tree", "--root", "--no-commit-id", "--name-status", "--no-renames", "-r", "-z", name
        )
        parts = changes.split("\0")[:-1]
        return Commit(
            hash_,
            tree,
            (author, author_email),
            (committer, committer_email),
            committed_at,
            message.rstrip("\n"),
            tuple(zip(parts[::2], parts[1::2], strict=True)),
        )

    def _git(
        self, *arguments: str, identity: Developer | None = None, at_s: int = 0, may_fail: bool = False
    ) -> str:
        who = identity or self.owner
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.path),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": who.name,
            "GIT_AUTHOR_EMAIL": who.email,
            "GIT_AUTHOR_DATE": f"{at_s} +0000",
            "GIT_COMMITTER_NAME": who.name,
            "GIT_COMMITTER_EMAIL": who.email,
            "GIT_COMMITTER_DATE": f"{at_s} +0000",
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            check=not may_fail,
            timeout=GIT_TIMEOUT_S,
        )
        return done.stdout.decode()


def message(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """A commit message whose last paragraph is `trailers`."""
    return f"{subject}\n\n{body}\n\n" + "\n".join(f"{key}: {value}" for key, value in trailers.items())

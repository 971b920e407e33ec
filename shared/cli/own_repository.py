"""The user's own git repository: git itself makes the commits, as whoever and signed however it is configured."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.cli.failures import Failure, Misuse

GIT_TIMEOUT_S = 60
PUSH_TIMEOUT_S = 600
_HASH = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True)
class Remote:
    """Where a branch is pushed to: the remote's name, its URL without a password, and the branch there."""

    name: str
    url: str
    branch: str


@dataclass(frozen=True)
class OwnRepository:
    """One repository with a branch checked out."""

    path: Path
    branch: str

    @staticmethod
    def at(path: str) -> OwnRepository:
        """The repository that holds `path`.

        Raises:
            Misuse: there is none, or no branch is checked out.
        """
        if not Path(path).is_dir():
            raise Misuse(f"--repo: {path} is no directory")
        here = OwnRepository(Path(path).resolve(), "")
        top = here.git("rev-parse", "--show-toplevel", may_fail=True)
        if not top:
            raise Misuse(f"--repo: {path} is no git repository with a working tree")
        branch = here.git("symbolic-ref", "--quiet", "--short", "HEAD", may_fail=True)
        if not branch:
            raise Misuse(f"--repo: no branch is checked out in {path}")
        return OwnRepository(Path(top), branch)

    def author(self) -> str:
        """Name and address of the next commit's author.

        Raises:
            Failure: git does not know who the user is.
        """
        return self.git("var", "GIT_AUTHOR_IDENT").rpartition(" ")[0].rpartition(" ")[0]

    def signature(self) -> str:
        """How the next commit will be signed, in words."""
        if self.git("config", "--type=bool", "commit.gpgsign", may_fail=True) != "true":
            return "not signed"
        kind = self.git("config", "gpg.format", may_fail=True) or "openpgp"
        key = self.git("config", "user.signingkey", may_fail=True)
        return f"signed ({kind}{f', {key}' if key else ''})"

    def login(self) -> str | None:
        """The user's login on GitHub, where git knows it (`github.user`)."""
        return self.git("config", "github.user", may_fail=True) or None

    def remote(self, name: str | None) -> Remote | None:
        """Where the branch is pushed to: `name`, else as git is configured, else the only remote there is.

        Raises:
            Misuse: there is no remote of that name.
        """
        names = self.git("remote", may_fail=True).split()
        if name and name not in names:
            raise Misuse(
                f"--remote: no remote {name!r} in {self.path}, there are {', '.join(names) or 'none'}"
            )
        keys = (f"branch.{self.branch}.pushRemote", "remote.pushDefault", f"branch.{self.branch}.remote")
        configured = (self.git("config", key, may_fail=True) for key in keys)
        found = name or next((one for one in (*configured, "origin") if one in names), None)
        found = found or (names[0] if len(names) == 1 else None)
        if found is None:
            return None
        url = self.git("remote", "get-url", "--push", found)
        merges = self.git("config", f"branch.{self.branch}.merge", may_fail=True)
        tracked = self.git("config", f"branch.{self.branch}.remote", may_fail=True) == found
        branch = merges.removeprefix("refs/heads/") if merges and tracked else self.branch
        return Remote(found, re.sub(r"(?<=://)[^/@]*@", "", url), branch)

    def message(self, commit: str = "HEAD") -> str:
        """A commit's message, as it is stored, whatever the user has git show beside it or in its place."""
        shown = ("--no-patch", "--no-show-signature", "--encoding=UTF-8", "--format=%B")
        return self.git("show", *shown, commit, "--", strip=False).rstrip("\n")

    def find(self, commit: str) -> str | None:
        """The whole hash of a commit of this repository, or None."""
        if not _HASH.fullmatch(commit):
            return None
        found = self.git("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}", may_fail=True)
        # A tag or branch may bear a name that looks like the beginning of another commit's hash.
        return found if found and found.startswith(commit) else None

    def check_amendable(self) -> None:
        """Whether the last commit may be made anew.

        Raises:
            Misuse: there is none, or others have it already.
        """
        if self.find_head() is None:
            raise Misuse("--amend: there is no commit yet")
        if self.git("for-each-ref", "--contains", "HEAD", "refs/remotes", "--count=1", may_fail=True):
            raise Misuse("--amend: the last commit is pushed already")

    def find_head(self) -> str | None:
        """The newest commit's hash, or None where there is none."""
        return self.git("rev-parse", "--quiet", "--verify", "HEAD", may_fail=True) or None

    def commit(self, message: str, *, amend: bool) -> str:
        """An empty commit with this message, or the last one with it; what is staged stays so. The hash.

        Raises:
            Failure: git refused: a hook, a key, an identity.
        """
        # Verbatim, so that what is committed is what was shown.
        how = ("--quiet", "--cleanup=verbatim", "--allow-empty", "--only", *(("--amend",) if amend else ()))
        self.git("commit", *how, "--file=-", message=message + "\n")
        return self.git("rev-parse", "HEAD")

    def push(self, remote: Remote) -> None:
        """Push the branch.

        Raises:
            Failure: git or the remote refused.
        """
        self.git("push", "--quiet", *self.refspec(remote), timeout_s=PUSH_TIMEOUT_S)

    @staticmethod
    def refspec(remote: Remote) -> tuple[str, str]:
        """What `git push` is told."""
        return remote.name, f"HEAD:refs/heads/{remote.branch}"

    def git(
        self,
        *arguments: str,
        message: str | None = None,
        may_fail: bool = False,
        strip: bool = True,
        timeout_s: int = GIT_TIMEOUT_S,
    ) -> str:
        """What git prints; nothing when it `may_fail` and does.

        Raises:
            Failure: git is missing, took too long or refused; the line is its own.
        """
        try:
            done = subprocess.run(
                ["git", "-C", str(self.path), *arguments],
                input=None if message is None else message.encode(),
                stdin=subprocess.DEVNULL if message is None else None,
                capture_output=True,
                env={**os.environ, "LC_ALL": "C.UTF-8", "GIT_NO_REPLACE_OBJECTS": "1"},
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise Failure("git is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise Failure(f"git {arguments[0]} took over {timeout_s} s") from error
        if done.returncode:
            if may_fail:
                return ""
            said = done.stderr.decode("utf-8", "replace").split("\n")
            telling = [line for line in said if line.startswith(("fatal:", "error:", " ! "))] or said
            raise Failure(f"git {arguments[0]}: {' '.join(' '.join(telling).split()) or done.returncode}")
        out = done.stdout.decode("utf-8", "replace")
        return out.strip() if strip else out

"""Real repositories for the commands that commit: two developers with git settings of their own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Developer:
    """Somebody with a home, and in it a repository whose remote is a bare one beside it."""

    login: str
    home: Path

    @property
    def repository(self) -> Path:
        return self.home / "work"

    @property
    def remote(self) -> Path:
        return self.home / "remote.git"

    def git(self, *arguments: str, at: Path | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(at or self.repository), *arguments],
            capture_output=True,
            check=True,
            env={**os.environ, **self.environment},
            timeout=30,
        )
        return done.stdout.decode().strip()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": str(self.home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def raw(self, commit: str = "HEAD") -> str:
        return self.git("cat-file", "commit", commit)

    def count(self) -> int:
        return int(self.git("rev-list", "--count", "HEAD"))


def developer(parent: Path, login: str) -> Developer:
    """A developer with one commit, pushed, and something staged."""
    one = Developer(login, parent / login)
    one.repository.mkdir(parents=True)
    one.git("config", "--global", "user.name", login.title(), at=one.home)
    one.git("config", "--global", "user.email", f"{login}@example.org", at=one.home)
    one.git("config", "--global", "init.defaultBranch", "main", at=one.home)
    one.git("init", "--quiet", "--bare", str(one.remote), at=one.home)
    one.git("init", "--quiet")
    one.git("remote", "add", "origin", str(one.remote))
    (one.repository / "README").write_text("Hello\n", encoding="utf-8")
    one.git("add", "README")
    one.git("commit", "--quiet", "--message", "Begin")
    one.git("push", "--quiet", "origin", "main")
    (one.repository / "staged").write_text("later\n", encoding="utf-8")
    one.git("add", "staged")
    return one


def sign_with_ssh(one: Developer) -> Path:
    """Let git sign the developer's commits with a new SSH key; the public key's file."""
    key = one.home / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", one.login, "-f", str(key)],
        check=True,
        timeout=30,
    )
    public = key.with_suffix(".pub")
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(public)), ("commit.gpgsign", "true")):
        one.git("config", "--global", name, value)
    return public

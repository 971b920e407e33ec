"""`house commit`: raw git commit objects, and what their signatures are worth."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.cli.api import signed_in
from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, add_node, examples
from shared.domain.commits import COMMIT_BYTES_MAX

if TYPE_CHECKING:
    from shared.ports.ssh_judge import SshJudge

CONCURRENCY = 4
PROGRESS_EVERY_S = 0.2
STDIN = "-"
GIT_S_MAX = 30
_FIELDS = ("sha1", "sha256", "signature", "fingerprint", "verdict", "reason")


def register(subparsers: Subparsers) -> None:
    """Add the sub-command and its own."""
    commit = subparsers.add_parser(
        "commit",
        help="judge raw git commits, or send one",
        description="Judges raw git commit objects, and sends signed ones to a node.",
        epilog=examples("git cat-file commit HEAD | house commit check -", "house commit submit HEAD"),
    )
    actions = commit.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="say what each commit's signature is worth",
        description="Says of each raw commit object (as `git cat-file commit` prints it) its hashes, by what it is\n"
        "signed, the SSH key's fingerprint and the verdict: valid, invalid, unsigned, unjudged (signed, but not\n"
        "with SSH) or malformed. Ends with 1 when any is invalid or malformed.",
        epilog=examples(
            "git cat-file commit HEAD | house commit check - --json",
            "house commit check *.commit --json | jq -r .verdict | sort | uniq -c",
        ),
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="raw commit objects; - is standard input")
    check.add_argument("--json", action="store_true", help="one JSON object a line")
    check.set_defaults(run=run_check)
    submit = actions.add_parser(
        "submit",
        help="send a signed commit",
        description="Sends a raw signed commit. It counts as said by whoever registered the key it is signed with.",
        epilog=examples("house commit submit HEAD", "house commit submit invitation.commit"),
    )
    submit.add_argument(
        "commit", metavar="FILE|HASH", help="a raw commit object, - for standard input, or a commit of --repo"
    )
    submit.add_argument("--repo", default=".", metavar="R", help="the repository of HASH (default: this one)")
    submit.add_argument("--json", action="store_true", help="as the node answers it")
    add_node(submit)
    submit.set_defaults(run=run_submit)


def run_check(args: argparse.Namespace) -> int:
    """Judge them all, in the order given; 1 when any is invalid or malformed."""
    from shared.adapters.ssh_keygen import SshKeygen

    _are_files(args.files)
    judge, broken, progress = SshKeygen(), 0, _Progress(len(args.files))
    for found in _each(args.files, judge):
        broken += found["verdict"] in ("invalid", "malformed")
        progress.one_more()
        print(json.dumps(found, ensure_ascii=False) if args.json else _line(found))
    progress.finish()
    return 1 if broken else 0


def run_submit(args: argparse.Namespace) -> int:
    """Send it; what the node refuses is a failure with its reason."""
    raw = _read(args.commit) if _is_file(args.commit) else _of_repository(args.repo, args.commit)
    if len(raw) > COMMIT_BYTES_MAX:
        raise Misuse(f"{args.commit}: over {COMMIT_BYTES_MAX:,} bytes, which is the limit of a commit")
    taken = signed_in(args).post("/api/commits", {"commit": b64encode(raw).decode("ascii")})
    if args.json:
        print(json.dumps(taken, ensure_ascii=False))
        return 0
    print(f"{taken['commit']}  {taken['grade']}  {taken['signer']}  {taken['fingerprint']}")
    if taken["refusal"]:
        print(f"its trailers do not count: {taken['refusal']}", file=sys.stderr)
    return 0


def _is_file(name: str) -> bool:
    return name == STDIN or Path(name).is_file()


def _of_repository(repository: str, name: str) -> bytes:
    """A commit of a repository, raw. What git makes of other names is its own affair."""
    # Not what a replacement shows in its place: that is another commit.
    command = [
        "git",
        "--no-replace-objects",
        "-C",
        repository,
        "cat-file",
        "commit",
        "--end-of-options",
        name,
    ]
    try:
        found = subprocess.run(command, capture_output=True, timeout=GIT_S_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"git could not be asked: {error}") from error
    if found.returncode != 0:
        raise Misuse(
            f"{name}: no such file, and in {repository} git says: {found.stderr.decode(errors='replace')}"
        )
    return found.stdout


def _are_files(paths: Sequence[str]) -> None:
    if paths.count(STDIN) > 1:
        raise Misuse("- (standard input) can be given once")
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise Misuse(f"{path}: no such file")
        if path != STDIN and Path(path).is_dir():
            raise Misuse(f"{path}: expected a file with a raw commit object, this is a directory")


def _each(paths: Sequence[str], judge: SshJudge) -> Iterator[dict[str, Any]]:
    with ThreadPoolExecutor(CONCURRENCY) as judges:
        try:
            yield from judges.map(lambda path: _judged(path, judge), paths)
        except TimeoutError as error:
            raise Failure(str(error)) from error
        finally:
            judges.shutdown(cancel_futures=True)


def _judged(path: str, by: SshJudge) -> dict[str, Any]:
    """One file's answer. A file over the limit is not read to its end, so it has no hashes."""
    from shared.runtime.commit_verdict import judge

    raw = _read(path)
    if len(raw) > COMMIT_BYTES_MAX:
        reason = f"over {COMMIT_BYTES_MAX:,} bytes, which is the limit of a commit"
        return {"file": path, **dict.fromkeys(_FIELDS), "verdict": "malformed", "reason": reason}
    judged = judge(raw, by)
    return {"file": path, **{field: getattr(judged, field) for field in _FIELDS}}


def _read(path: str) -> bytes:
    """The bytes of a file or of standard input, at most one more than a commit may have.

    Raises:
        Misuse: it cannot be read.
    """
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(COMMIT_BYTES_MAX + 1)
        with Path(path).open("rb") as file:
            return file.read(COMMIT_BYTES_MAX + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}") from error


def _line(found: dict[str, Any]) -> str:
    parts = (found["sha1"] or "-" * 40, found["verdict"], found["fingerprint"], found["file"])
    return "  ".join(str(part) for part in parts if part) + (
        f": {found['reason']}" if found["reason"] else ""
    )


class _Progress:
    """How far it is, on a terminal, unless the answers go there, too."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._shown = total, 0, time.monotonic()
        self._speaks = sys.stderr.isatty() and not sys.stdout.isatty()

    def one_more(self) -> None:
        """Count one; show it when enough time has passed."""
        self._done += 1
        if self._speaks and time.monotonic() - self._shown > PROGRESS_EVERY_S:
            self._shown = time.monotonic()
            print(f"\r\x1b[K{self._done}/{self._total} judged", end="", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Clear the line."""
        if self._speaks:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

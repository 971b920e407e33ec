"""A statement: one commit in the user's own repository that tells the House something, shown before it is made."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.cli.api import node
from shared.cli.failures import Failure, Misuse
from shared.cli.own_repository import OwnRepository, Remote
from shared.cli.parsing import add_node
from shared.domain.trailers import Refusal, parse

_OTHER_TRAILER = ("Signed-off-by:", "Co-authored-by:", "Change-Id:")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that all statements have in common."""
    parser.add_argument(
        "--repo", default=".", metavar="R", help="your repository (default: the current directory)"
    )
    parser.add_argument(
        "--amend", action="store_true", help="say it in the last commit instead of an empty one"
    )
    parser.add_argument("--push", action="store_true", help="push the branch, too")
    parser.add_argument("--remote", metavar="NAME", help="where to (default: as git is configured)")
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--origin", metavar="URL", help="the House's origin (default: the node's own word)")
    add_node(parser)


@dataclass(frozen=True)
class HouseTold:
    """What a statement has to name."""

    origin: str
    terms: str


def house_told(args: argparse.Namespace, terms: str | None = None) -> HouseTold:
    """Origin and terms: the flags, else what the node says of itself.

    Raises:
        Misuse: it is not known which node to ask.
        Failure: it does not answer.
    """
    if args.origin and terms is not None:
        return HouseTold(args.origin, terms)
    told: dict[str, Any] = node(args).get("/api/house")
    return HouseTold(args.origin or told["origin"], told["terms"] if terms is None else terms)


def make(
    args: argparse.Namespace, subject: str, trailers: Mapping[str, str], notes: tuple[str, ...] = ()
) -> int:
    """Show the commit, ask, make it, and push it or say how.

    Raises:
        Misuse: the statement breaks a rule, or nobody is there to be asked.
        Failure: git refused, or a hook changed what was to be said.
    """
    repository = OwnRepository.at(args.repo)
    text = _message(repository, subject, trailers, amend=args.amend)
    said = parse(text)
    if said != dict(trailers):
        raise Misuse(
            said.reason if isinstance(said, Refusal) else "the message would not be read as it is meant"
        )
    remote = repository.remote(args.remote)
    if args.push and remote is None:
        raise Misuse(f"--push: {repository.path} has no remote to push to; name one with --remote")
    _show(args, repository, text, remote, notes)
    _ask(args.yes)
    commit = repository.commit(text, amend=args.amend)
    if parse(repository.message(commit)) != dict(trailers):
        raise Failure(f"a hook changed what commit {commit[:12]} says: look at it, it will not count")
    print(commit)
    if args.push and remote:
        repository.push(remote)
        print(f"pushed to {remote.name} ({remote.url}), branch {remote.branch}", file=sys.stderr)
    else:
        print(f"push it with: {_push_command(repository, remote)}", file=sys.stderr)
    return 0


def _message(repository: OwnRepository, subject: str, trailers: Mapping[str, str], *, amend: bool) -> str:
    """The whole message; an amended commit keeps its own, and its last paragraph where that is trailers already."""
    lines = "\n".join(f"{key}: {value}" for key, value in trailers.items())
    if not amend:
        return f"{subject}\n\n{lines}"
    repository.check_amendable()
    before = repository.message().rstrip()
    if parse(before) is not None:
        raise Misuse("--amend: the last commit already tells the House something")
    last = before.rpartition("\n\n")[2].split("\n")
    joined = "\n\n" in before and all(line.startswith(_OTHER_TRAILER) for line in last)
    return f"{before}{chr(10) if joined else chr(10) * 2}{lines}"


def _show(
    args: argparse.Namespace,
    repository: OwnRepository,
    text: str,
    remote: Remote | None,
    notes: tuple[str, ...],
) -> None:
    """What will be made and sent, on stderr."""
    what = "The last commit, made anew" if args.amend else "An empty commit"
    goes = "nothing is pushed yet"
    if args.push and remote:
        goes = f"pushed to {remote.name} ({remote.url}), branch {remote.branch}, with all it has not got"
    shown = [
        f"{what}, in {repository.path}",
        f"  branch  {repository.branch}",
        f"  author  {repository.author()}, {repository.signature()}",
        f"  remote  {goes}",
        "",
        *(f"    {line}".rstrip() for line in text.split("\n")),
        "",
        *(f"  {note}" for note in notes),
    ]
    print("\n".join(shown), file=sys.stderr, flush=True)


def _ask(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Misuse("nothing was made, as nobody can be asked here: say --yes")
    print("Make it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failure("nothing was made")


def _push_command(repository: OwnRepository, remote: Remote | None) -> str:
    where = repository.refspec(remote) if remote else ("<remote>", f"HEAD:refs/heads/{repository.branch}")
    return " ".join(["git", "-C", shlex.quote(str(repository.path)), "push", *where])

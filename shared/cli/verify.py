"""`house verify`: whether a public ledger is what it has to be, without trusting whoever published it."""

from __future__ import annotations

import argparse
import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.cli.failures import Failure, Misuse, printable
from shared.cli.ledger_source import copy_of, leaf, sound
from shared.cli.parsing import Subparsers, examples

if TYPE_CHECKING:
    from shared.adapters.ledger_copy import LedgerCopy
    from shared.domain.ledger import Head, History
    from shared.domain.notes import Key, Note

_HASH = re.compile(r"[0-9a-f]{40}")


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "verify",
        help="prove a public ledger",
        description="Reads a clone of a House's public ledger and proves it: every entry and opt-in is made again\n"
        "from its own facts, every checkpoint from the history below it. Ends with 1 when anything is otherwise.",
        epilog=examples(
            "house verify https://house.example/ledger.git --key house.key",
            "house verify ./ledger --since ./ledger-of-last-week",
            "house verify ./ledger --entry 35b7925ad1a0b0a3c2a4d8c9d3f8a1c5e2b7f604",
            "house verify --proof 35b7925a.tlog-proof --key house.key",
        ),
    )
    parser.add_argument("ledger", metavar="LEDGER", nargs="?", help="a clone's folder, or a URL to clone")
    parser.add_argument(
        "--entry",
        type=_hash,
        metavar="HASH",
        help="an entry or opt-in that has to be in it, or the commit that an entry is about",
    )
    parser.add_argument(
        "--since",
        metavar="CHECKPOINT",
        help="what was published before: an older clone, a saved checkpoint file, or a checkpoint's commit hash",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="the House's public key, or a witness's, or a file that holds it; may be repeated, as keys are changed",
    )
    parser.add_argument("--proof", type=Path, metavar="FILE", help="an inclusion proof; it needs no LEDGER")
    parser.set_defaults(run=run)


def _hash(text: str) -> str:
    if not _HASH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected 40 hexadecimal digits, got {text[:60]!r}")
    return text


def run(args: argparse.Namespace) -> int:
    """Prove what is asked for; the first thing that is otherwise is a Failure."""
    if args.ledger is None and args.proof is None:
        raise Misuse("expected a LEDGER or --proof FILE")
    if args.ledger is None and args.since is not None:
        raise Misuse("--since compares with a LEDGER, and there is none")
    keys = [_key(text) for text in args.key]
    if args.proof is not None:
        _prove(args.proof, keys, args.entry)
    if args.ledger is not None:
        with copy_of(args.ledger) as copy:
            history = sound(copy)
            _show(history, keys, copy)
            if args.entry is not None:
                _show_entry(history, copy, args.entry)
            if args.since is not None:
                _compare(args.since, history)
    return 0


def _key(text: str) -> Key:
    from shared.domain.notes import key_of

    try:
        return key_of(Path(text).read_text(encoding="utf-8") if Path(text).is_file() else text)
    except OSError as error:
        raise Misuse(f"--key: {error}") from error
    except ValueError as error:
        held = "it holds none" if Path(text).is_file() else "there is no such file, and it is none itself"
        raise Misuse(f"--key {text[:60]}: {held}: {error}") from error


# -- a whole ledger


def _show(history: History, keys: Sequence[Key], copy: LedgerCopy) -> None:
    from shared.domain.ledger import Unsound, check_signatures, note_at

    last = history.heads[-1].checkpoint
    size, checkpoints = len(history.names), len(history.heads)
    print(f"ledger      {printable(last.origin)}")
    counted = {"entries": size - history.opt_ins, "opt-ins": history.opt_ins, "checkpoints": checkpoints}
    print("holds       " + ", ".join(f"{what}: {number}" for what, number in counted.items()))
    print(f"main        {history.heads[-1].commit}")
    print(f"root        {b64encode(last.root).decode()}")
    if keys:
        try:
            check_signatures(history.heads, keys, copy.fetch)
        except Unsound as error:
            raise Failure(f"the ledger is not signed as it should be: {error}") from error
    _show_signatures(note_at(history.heads[-1], copy.fetch), keys)


def _show_signatures(note: Note, keys: Sequence[Key]) -> None:
    known = {(key.name, key.id) for key in keys}
    for line in note.signatures:
        verdict = "holds" if (line.name, line.key_id) in known else "not checked: its key is not given"
        print(f"signature   {printable(line.name)}+{line.key_id.hex()} {verdict}")


def _show_entry(history: History, copy: LedgerCopy, asked: str) -> None:
    name = leaf(history, copy, asked)
    index = history.names.index(name)
    print(f"leaf        {index}, first below checkpoint {history.at(index + 1).commit}")
    _show_facts(copy.fetch(name)[1])


def _show_facts(raw: bytes) -> None:
    # Nothing of it is printed but what its own facts make; a kind may still hold what a terminal would obey.
    message = raw.decode().partition("\n\n")[2]
    for line in message.splitlines():
        print(f"            {printable(line)}".rstrip())


# -- growth


def _compare(since: str, history: History) -> None:
    from shared.domain.ledger import Forked, check_growth, check_same_way

    try:
        if _HASH.fullmatch(since) and not Path(since).exists():
            then = _named(since, history)
        elif Path(since).is_file():
            then = _saved(Path(since))
            check_growth(then, history)
        else:
            before = _heads(since)
            then = before[-1]
            check_same_way(before, history)
    except Forked as fork:
        raise Failure(f"the ledger forks: {fork}") from fork
    gained = len(history.names) - then.checkpoint.size
    print(f"since       size {then.checkpoint.size}: nothing was changed, {gained} came after")


def _named(commit: str, history: History) -> Head:
    found = next((head for head in history.heads if head.commit == commit), None)
    if found is None:
        last = history.heads[-1]
        raise Failure(f"the ledger forks: then (commit {commit}) is no checkpoint of it now ({last})")
    return found


def _saved(path: Path) -> Head:
    from shared.domain.checkpoints import checkpoint_of
    from shared.domain.ledger import Head
    from shared.domain.notes import NOTE_SIZE_BYTES_MAX, note_of

    try:
        with path.open("rb") as file:
            raw = file.read(NOTE_SIZE_BYTES_MAX + 1)
        return Head(None, None, checkpoint_of(note_of(raw)))
    except (OSError, ValueError) as error:
        raise Failure(f"--since {path}: {error}") from error


def _heads(ledger: str) -> Sequence[Head]:
    from shared.domain.ledger import Unsound, heads

    with copy_of(ledger) as copy:
        try:
            return heads(copy.main, copy.fetch)
        except Unsound as error:
            raise Failure(f"--since {ledger}: {error}") from error


# -- a proof


def _prove(path: Path, keys: Sequence[Key], entry: str | None) -> None:
    from shared.domain.checkpoints import PROOF_SIZE_BYTES_MAX, proof_of, proven
    from shared.domain.git_objects import named
    from shared.domain.ledger import check_signed, facts_of
    from shared.domain.notes import Unsigned

    try:
        with path.open("rb") as file:
            proof = proof_of(file.read(PROOF_SIZE_BYTES_MAX + 1))
        facts_of(proof.raw)
        note, checkpoint = proven(proof)
        if keys:
            check_signed(note, keys)
    except OSError as error:
        raise Misuse(f"--proof {path}: {error.strerror}") from error
    except (ValueError, Unsigned) as error:
        raise Failure(f"--proof {path}: {error}") from error
    name = named("commit", proof.raw)
    if entry not in (None, name):
        raise Failure(f"--proof {path}: it proves {name}, not {entry}")
    print(
        f"proven      {name} is leaf {proof.index} of {checkpoint.size} in the ledger {printable(checkpoint.origin)}"
    )
    _show_facts(proof.raw)
    _show_signatures(note, keys)

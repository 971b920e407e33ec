"""`house deliver`: send payload files to a node as GitHub would."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.cli.api import Answer, Api, node
from shared.cli.failures import Misuse
from shared.cli.github import request
from shared.cli.parsing import Subparsers, add_node, examples

CONCURRENCY = 8
PATIENCE_S_MAX = 300  # how long one delivery may be put off by 429 before it counts as refused
REFUSALS_SHOWN_MAX = 20
PROGRESS_EVERY_S = 0.2


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "deliver",
        help="send payload files as GitHub would",
        description="Sends payload files as GitHub would: signed, at most 8 at a time, patient when told to wait.\n"
        "The event's name is the file's folder (push/1.json), or --event. Folders are walked in order.",
        epilog=examples(
            "house deliver --secret S payloads/",
            "house deliver --secret S --event push --form one.json",
        ),
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="payload files, or folders of them")
    parser.add_argument("--secret", required=True, metavar="S", help="the webhook secret")
    parser.add_argument("--event", metavar="E", help="the event's name (default: the file's folder)")
    parser.add_argument("--form", action="store_true", help="as a form's field 'payload' instead of JSON")
    add_node(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send them all and count what the node said; 1 when it refused any."""
    files = list(payload_files(args.paths, every=args.event is not None))
    if not files:
        raise Misuse("there is no payload (<event>/<n>.json) in the given paths")
    api = node(args)
    progress = Progress(len(files))

    def send(file: Path) -> None:
        body, headers = request(
            args.event or file.parent.name, file.read_bytes(), args.secret.encode(), form=args.form
        )
        progress.answered(file, deliver(api, body, headers))

    with ThreadPoolExecutor(CONCURRENCY) as senders:
        try:
            for _ in senders.map(send, files):
                pass
        except BaseException:
            senders.shutdown(cancel_futures=True)
            raise
    return progress.finish()


def payload_files(paths: Sequence[str], every: bool = False) -> Iterator[Path]:
    """The files named, and those below the folders named, in order of name (numbers as numbers).

    Below a folder a payload is `<event>/<n>.json`, or `every` `.json`.

    Raises:
        Misuse: a path is not there.
    """
    for path in map(Path, paths):
        if path.is_dir():
            found = [file for file in path.resolve().rglob("*.json") if every or file.stem.isdigit()]
            yield from sorted(found, key=_natural)
        elif path.is_file():
            # As an absolute path, so that its folder has a name.
            yield path.resolve()
        else:
            raise Misuse(f"there is no file or folder {path}")


def _natural(file: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in (*file.parts[:-1], file.stem)]


def deliver(api: Api, body: bytes, headers: dict[str, str]) -> Answer:
    """Post one delivery, waiting and repeating while the node says 429, `PATIENCE_S_MAX` in all.

    Raises:
        Failure: there was no answer.
    """
    waited_s = 0.0
    while True:
        answer = api.ask("POST", "/webhooks/github", body, headers)
        if answer.status != 429 or waited_s >= PATIENCE_S_MAX:
            return answer
        pause_s = retry_after_s(answer)
        time.sleep(pause_s)
        waited_s += pause_s


def retry_after_s(answer: Answer) -> float:
    """What Retry-After asks for: seconds, at least a tenth and at most a minute; 1 where it says nothing."""
    asked = answer.headers.get("retry-after", "")
    return min(max(float(asked), 0.1), 60.0) if asked.isdigit() else 1.0


class Progress:
    """Counts answers from many threads, and shows how far it is on stderr."""

    def __init__(self, total: int) -> None:
        self._total, self._counts = total, Counter[str]()
        self._lock, self._began, self._shown = threading.Lock(), time.monotonic(), 0.0

    def answered(self, file: Path, answer: Answer) -> None:
        """Count one answer: 202 is accepted, 200 a duplicate, all else refused."""
        outcome = {202: "accepted", 200: "duplicate"}.get(answer.status, "refused")
        with self._lock:
            self._counts[outcome] += 1
            if outcome == "refused" and self._counts[outcome] <= REFUSALS_SHOWN_MAX:
                self._say(f"{file.parent.name}/{file.name}: {answer.reason}\n")
            if sys.stderr.isatty() and time.monotonic() - self._shown > PROGRESS_EVERY_S:
                self._show()

    def finish(self) -> int:
        """Show the last line and the counts; the exit code."""
        self._show()
        self._say("\n")
        print(
            ", ".join(
                f"{outcome} {self._counts[outcome]}" for outcome in ("accepted", "duplicate", "refused")
            )
        )
        return 1 if self._counts["refused"] else 0

    def _show(self) -> None:
        self._shown = time.monotonic()
        done, rate = self._counts.total(), self._counts.total() / max(self._shown - self._began, 0.001)
        self._say(f"{done}/{self._total} delivered, {rate:.0f}/s")

    @staticmethod
    def _say(text: str) -> None:
        # On a terminal each line overwrites the one before, so that progress stays one line.
        lead = "\r\x1b[K" if sys.stderr.isatty() and text != "\n" else ""
        print(lead + text, end="", file=sys.stderr, flush=True)

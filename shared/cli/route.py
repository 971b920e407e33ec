"""`house route`: the route, as the functions declare it."""

from __future__ import annotations

import argparse
from pathlib import Path

from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, examples


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "route",
        help="who writes what and who reads it",
        description="Prints the route as JSON, made from the functions' own declarations.",
        epilog=examples("house route --mermaid", "house route --write", "house route --check"),
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--write", action="store_true", help="write terraform/route.json and the README's picture"
    )
    how.add_argument("--check", action="store_true", help="fail when either is stale")
    how.add_argument("--mermaid", action="store_true", help="print the picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print, write or compare."""
    from shared.runtime import discover, route

    functions = discover.functions()
    if not (args.write or args.check):
        print(route.mermaid(functions) if args.mermaid else route.text(functions), end="")
        return 0
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise Misuse("--write and --check need the source tree, and this is an installed copy")
    try:
        files = route.files(functions, root)
    except route.NoPicture as error:
        raise Failure(str(error)) from error
    stale = [path for path, text in files.items() if not _holds(path, text)]
    if args.check and stale:
        names = ", ".join(str(path.relative_to(root)) for path in stale)
        raise Failure(f"stale: {names}; run 'house route --write'")
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text

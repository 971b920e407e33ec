"""Parsing: what the sub-commands' parsers have in common."""

import argparse
from typing import NoReturn, TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[Parser]"
"""What `add_subparsers` returns; its type has no public name."""


class Parser(argparse.ArgumentParser):
    """argparse whose misuse is one line and exit code 2, and whose examples keep their line breaks."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed through as argparse gave them

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and where the help is."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def examples(*lines: str) -> str:
    """The last part of a command's help."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def add_node(parser: argparse.ArgumentParser) -> None:
    """The flags that say which node to talk to."""
    parser.add_argument(
        "--url",
        metavar="U",
        help="the node (default: $HOUSE_URL, else the node that has the data directory open)",
    )
    add_data(parser)


def add_data(parser: argparse.ArgumentParser) -> None:
    """The flag that names the data directory."""
    parser.add_argument(
        "--data", metavar="DIR", help="the node's data directory (default: $HOUSE_DATA, else .house)"
    )


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return number

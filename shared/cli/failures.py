"""How a command ends when it cannot go on: one line on stderr, and an exit code."""


def printable(text: str) -> str:
    """The text without what a terminal would obey, or show in another order than it stands: it may be a stranger's."""
    return "".join(c if c.isprintable() else "?" for c in text)


class Failure(Exception):
    """It was asked rightly and did not work: exit code 1. The message is one line."""

    exit_code = 1


class Misuse(Failure):
    """It was asked wrongly (a flag, a setting, a missing file): exit code 2."""

    exit_code = 2

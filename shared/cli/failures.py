"""How a command ends when it cannot go on: one line on stderr, and an exit code."""


class Failure(Exception):
    """It was asked rightly and did not work: exit code 1. The message is one line."""

    exit_code = 1


class Misuse(Failure):
    """It was asked wrongly (a flag, a setting, a missing file): exit code 2."""

    exit_code = 2

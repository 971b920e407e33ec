"""Log lines: one JSON object each, on standard error, in the form cloud log collectors read.

There is one error that is said, a `bug`, and one warning, `overdue`, for a timeout that lasts (DESIGN section 3,
rule 7); `note` is for what operators ask about. Fields never hold bodies, secrets or personal text.
"""

import sys
import traceback
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["bug", "overdue", "note"]
_SEVERITY: dict[Kind, str] = {"bug": "ERROR", "overdue": "WARNING", "note": "INFO"}


def place(error: BaseException) -> str:
    """What kind of error it is and where it was raised, without its message, which may repeat somebody's words."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    # As the package's archive and a checkout name it alike.
    path = "/".join(Path(frames[-1].filename).parts[-3:])
    return f"{type(error).__name__} at {path}:{frames[-1].lineno}"


def log(kind: Kind, message: str, function: str, correlation: str = "", **fields: str | int | float) -> None:
    """Write one line."""
    line = {
        "severity": _SEVERITY[kind],
        "kind": kind,
        "message": message,
        "function": function,
        "correlationid": correlation,
        **fields,
    }
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    sys.stderr.flush()

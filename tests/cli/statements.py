"""What the tests of `house invite`, `respond` and `revoke` have in common: two developers' commits, and the command."""

from collections.abc import Callable

from shared.domain.trailers import parse
from tests.cli.git import Developer

ORIGIN, TERMS = "https://house.example", "sha256:" + "ab" * 32
HOUSE = ("--origin", ORIGIN, "--terms", TERMS)
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there
NEVER, LONG_AGO = "2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
House = Callable[..., tuple[int, str, str]]


def last(one: Developer) -> dict[str, str]:
    found = parse(one.git("show", "--no-patch", "--format=%B", "HEAD"))
    assert isinstance(found, dict), found
    return found


def invitation(one: Developer, **changed: str) -> str:
    """An inviting commit of theirs, made by git alone; its hash."""
    said = {
        "House-Invite": "github:42/bob",
        "House-Purpose": "sprint-match/1",
        "House-Terms": TERMS,
        "House-Origin": ORIGIN,
        "House-Id": "0f" * 16,
        "House-Expires": NEVER,
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    message = "Ask bob\n\n" + "\n".join(f"{key}: {value}" for key, value in said.items())
    one.git("commit", "--quiet", "--allow-empty", "--only", "--message", message)
    return one.git("rev-parse", "HEAD")

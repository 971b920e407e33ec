"""Trailers: how a commit message asks for, answers and ends a double opt-in (DESIGN section 5).

They stand in the last paragraph of the message, each key at most once, in exact case, none folded over
lines. A message that tries to speak to the House but breaks a rule makes an ordinary commit, and the refusal
says why: by naming the trailer and the rule, never the value, which may be personal.

What is read here, `git interpret-trailers --parse` reads, too; a test compares the two. Where git is lenient
this is strict, because a consent must read the same to everybody, whatever they read it with:

- git lets a paragraph be a quarter trailers and the rest prose; here every line is a trailer, or the
  `(cherry picked from commit …)` that `cherry-pick -x` adds: no consent hides in a sentence.
- git keeps every copy of a key, in any case, with white space before the colon, and joins folded lines; here
  each of these is refused: no two readers may pick different values.
- git skips lines that begin with `#`, and stops at a `---` or scissors line when a message is mailed but not
  when it is logged, and anywhere at a NUL; here such a message says nothing: it would lose its trailers, or change
  them, on the way.
- Only space, tab and carriage return count as white space: no paragraph ends at a line that merely looks empty.
"""

import re

from msgspec import Struct

from shared.domain.instants import from_rfc3339

MESSAGE_CHARACTERS_MAX = 65_536
"""Only so many characters at the end of a message are looked at."""


class Refusal(Struct, frozen=True):
    """Why a commit that tries to speak to the House is an ordinary one."""

    reason: str


_HASH = (re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}"), "a commit hash of 40 or 64 lower-case hex digits")
_INSTANT = "an RFC 3339 time such as 2026-12-04T00:00:00Z"
_SHAPES: dict[str, tuple[re.Pattern[str], str]] = {
    "House-Invite": (
        re.compile(r"github:([1-9][0-9]{0,18}/)?[A-Za-z0-9][A-Za-z0-9_-]{0,38}"),
        "github:<login> or github:<numeric id>/<login>",
    ),
    "House-Accept": _HASH,
    "House-Decline": _HASH,
    "House-Revoke": _HASH,
    "House-Purpose": (
        re.compile(r"[a-z0-9][a-z0-9-]{0,63}/[0-9]{1,4}"),
        "a name and version such as sprint-match/1",
    ),
    "House-Terms": (re.compile(r"sha256:[0-9a-f]{64}"), "sha256: and 64 lower-case hex digits"),
    "House-Origin": (
        re.compile(r"https?://(?=.{1,255}$)(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?"),
        "scheme, host and port only, such as https://house.example",
    ),
    "House-Id": (re.compile(r"[0-9a-f]{32}"), "32 lower-case hex digits"),
    "House-Expires": (re.compile(r"\S{20,40}"), _INSTANT),
    "House-Since": (re.compile(r"\S{20,40}"), _INSTANT),
}
ANSWERING = ("House-Accept", "House-Decline", "House-Revoke")
"""The trailers that name an invitation by its hash."""
_SPELLING = {key.lower(): key for key in _SHAPES}
# What each act must say beside itself.
_NEEDS = {
    "House-Invite": ("House-Purpose", "House-Terms", "House-Origin", "House-Id", "House-Expires"),
    "House-Accept": ("House-Terms", "House-Origin"),
    "House-Decline": ("House-Origin",),
    "House-Revoke": ("House-Origin",),
}
_TRY = re.compile(r"([ \t]*)(house-[a-z0-9-]*)([ \t]*):(.*)", re.IGNORECASE | re.ASCII)
_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:.*|\(cherry picked from commit .*", re.ASCII)
# Where git ends a message: a mailed patch's divider, and the scissors of an editor's template.
_DIVIDER = re.compile(r"^(?:---(?:\s|\Z)|# -{24} >8 -{24}$)", re.MULTILINE)
_MISPLACED = re.compile(r"^(House-(?:Invite|Accept|Decline|Revoke)):", re.MULTILINE)
_BLANK = " \t\r"


def parse(message: str) -> dict[str, str] | Refusal | None:
    """The House's trailers of a commit message by key, why they do not count, or None: there are none."""
    cut = len(message) > MESSAGE_CHARACTERS_MAX
    # The first line that is looked at may have lost its beginning.
    tail = message[-MESSAGE_CHARACTERS_MAX:].partition("\n")[2] if cut else message
    if "house-" not in tail.lower():
        return None
    before, lines = _paragraphs(tail)
    if not any(map(_TRY.fullmatch, lines)):
        misplaced = _MISPLACED.search("\n".join(before))
        return Refusal(f"{misplaced[1]} stands before the last paragraph") if misplaced else None
    if cut and not before:
        return Refusal(f"the last paragraph is over {MESSAGE_CHARACTERS_MAX:,} characters")
    if not any(before):
        return Refusal("the trailers are the first paragraph, which is the title")
    if _DIVIDER.search(message):
        return Refusal("a line --- or a scissors line ends the message for some of its readers")
    read = _read(lines)
    if isinstance(read, dict) and "\0" in message:
        return Refusal("a NUL byte ends the message for some of its readers")
    return read


def _paragraphs(text: str) -> tuple[list[str], list[str]]:
    """The lines before the last paragraph and those of it, without white space at their ends."""
    lines = [line.rstrip(_BLANK) for line in text.rstrip(_BLANK + "\n").split("\n")]
    start = next((n for n in range(len(lines), 0, -1) if not lines[n - 1]), 0)
    return lines[:start], lines[start:]


def _read(lines: list[str]) -> dict[str, str] | Refusal:
    """The trailers of the last paragraph, or which rule is broken first."""
    trailers: dict[str, str] = {}
    above = ""
    for line in lines:
        if _TRY.fullmatch(line):
            refusal = _take(line, trailers)
            if refusal is not None:
                return refusal
            above = line
        elif line[0] in _BLANK and above:
            # Another trailer may be folded as its owner likes; none of the House's may.
            if _TRY.fullmatch(above):
                return Refusal(f"{list(trailers)[-1]} is folded over several lines")
        elif _TRAILER.fullmatch(line):
            above = line
        else:
            return Refusal("the last paragraph mixes trailers with other lines")
    return _complete(trailers) or trailers


def _take(line: str, trailers: dict[str, str]) -> Refusal | None:
    """Put the line's trailer among `trailers`, or say which rule it breaks."""
    found = _TRY.fullmatch(line)
    assert found is not None
    indent, written, gap, value = found.groups()
    key = _SPELLING.get(written.lower())
    if key is None:
        return Refusal("a trailer that begins with House- is not one the House knows")
    if written != key:
        return Refusal(f"{key} is not in exact case")
    if indent or gap:
        return Refusal(f"{key} has white space before its name or its colon")
    if key in trailers:
        return Refusal(f"{key} is given more than once")
    value = value.strip(" \t")
    shape, expected = _SHAPES[key]
    if not shape.fullmatch(value) or (expected is _INSTANT and not _is_instant(value)):
        return Refusal(f"{key} must be {expected}")
    trailers[key] = value
    return None


def _is_instant(value: str) -> bool:
    try:
        from_rfc3339(value)
    except (ValueError, OverflowError):
        return False
    return True


def _complete(trailers: dict[str, str]) -> Refusal | None:
    """Whether exactly one act is there, with everything it must say."""
    acts = [act for act in _NEEDS if act in trailers]
    if len(acts) != 1:
        found = " and ".join(acts) if acts else "none"
        return Refusal(
            f"exactly one of House-Invite, House-Accept, House-Decline, House-Revoke is needed, found {found}"
        )
    missing = [key for key in _NEEDS[acts[0]] if key not in trailers]
    return Refusal(f"{acts[0]} needs {', '.join(missing)} beside it") if missing else None

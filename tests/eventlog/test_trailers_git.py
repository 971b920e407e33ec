"""What the House reads of a message, git reads, too: compared with the real `git interpret-trailers --parse`."""

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.trailers import Refusal, parse
from tests.eventlog.test_trailers import ACCEPT, HASH, INVITE, message

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}


def by_git(text: str) -> list[str]:
    """The House's trailers as git prints them, one a line."""
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=text.encode("utf-8", "surrogatepass"),
        capture_output=True,
        check=True,
        env=ENVIRONMENT,
        timeout=30,
    )
    # A value may hold other white space than a line's end.
    lines = done.stdout.decode("utf-8", "surrogatepass").split("\n")
    return [line for line in lines if line.lower().startswith("house-")]


def agree(text: str) -> None:
    """Whatever the House reads is word for word what git reads."""
    found = parse(text)
    if isinstance(found, dict):
        assert [f"{key}: {value}" for key, value in found.items()] == by_git(text)


@pytest.mark.parametrize(
    ("text", "seen_by_git"),
    [
        (message(ACCEPT), 3),
        (message(ACCEPT).replace("\n", "\r\n"), 3),
        (message(ACCEPT) + "\n \n\t\n", 3),
        (message(ACCEPT) + f"(cherry picked from commit {HASH})\n", 3),
        (message(ACCEPT).replace("House-Terms", "Signed-off-by: A <a@b>\n folded\nHouse-Terms"), 3),
    ],
)
def test_both_read_what_is_well_formed(text: str, seen_by_git: int) -> None:
    assert parse(text) == ACCEPT
    assert len(by_git(text)) == seen_by_git
    agree(text)


@pytest.mark.parametrize(
    ("text", "reason", "seen_by_git"),
    [
        (message(ACCEPT) + message({"House-Accept": "1" * 40}, ""), "more than once", 4),
        (message(ACCEPT).replace("House-Origin: ", "House-Origin:\n  "), "House-Origin must be", 3),
        (message(ACCEPT) + "  and more\n", "folded over several lines", 3),
        (message(ACCEPT).replace("House-Terms", "house-terms"), "not in exact case", 3),
        (message(ACCEPT).replace("House-Terms:", "House-Terms \t:"), "white space before", 3),
        (message(ACCEPT).replace("House-Terms", "# said bob\nHouse-Terms"), "mixes trailers", 3),
        (message(ACCEPT).replace("House-Terms", "Signed-off-by: A <a@b>\nsaid bob\nHouse-Terms"), "mixes", 3),
        (message(ACCEPT).replace("House-Terms", "and he said:\nHouse-Terms"), "mixes trailers", 0),
        (message(ACCEPT, before="Yes\n---\n\n"), "a line ---", 0),
        (message(ACCEPT) + "---\n", "a line ---", 3),
        (message(ACCEPT, before=""), "first paragraph", 0),
        (message(ACCEPT, before="\n"), "first paragraph", 3),
        (message(ACCEPT, before="Yes\n\x0b\n"), "first paragraph", 0),
        (message(ACCEPT) + "\n# Please enter the commit message\n", "before the last paragraph", 3),
        (message(ACCEPT) + "\nThat is all.\n", "before the last paragraph", 0),
        (message(ACCEPT, before="Y\0es\n\n"), "a NUL byte", 0),
        (message(ACCEPT).replace("House-Terms", "Signed-off-by: A\0 <a@b>\nHouse-Terms"), "a NUL byte", 0),
        (message(ACCEPT, before="Yes\n\n# " + "-" * 24 + " >8 " + "-" * 24 + "\n\n"), "scissors", 0),
    ],
)
def test_where_git_is_lenient_or_ambiguous_the_house_says_why_it_is_not(
    text: str, reason: str, seen_by_git: int
) -> None:
    found = parse(text)
    assert isinstance(found, Refusal)
    assert reason in found.reason
    assert len(by_git(text)) == seen_by_git


def test_bytes_that_are_no_text_are_no_values() -> None:
    """A delivery is JSON, so GitHub has replaced them; what a decoder may leave in their place is refused alike."""
    for written in ("\ufffd", "\udcff", "\x00"):
        found = parse(message(ACCEPT | {"House-Accept": HASH[:-1] + written}))
        assert found == Refusal("House-Accept must be a commit hash of 40 or 64 lower-case hex digits")


spoken = st.sampled_from(
    [
        *(f"{key}: {value}" for key, value in (INVITE | ACCEPT).items()),
        *(f"{key}: {value}" for key, value in ACCEPT.items()),
        *(f"{key}: {value}" for key, value in ACCEPT.items()),
        "House-Accept : " + HASH,
        " House-Id: 1",
        "house-terms: x",
        "Signed-off-by: A <a@example.org>",
        "(cherry picked from commit 12)",
        "https://house.example/notice",
        "# a comment",
        "---",
        "--- a",
        "----",
        "prose",
        "  indented",
        "",
        " ",
        "\t\r",
        "\u00a0",
        "\x0b",
        "\x0c",
        "\u2028",
        "Change-Id: I\0d",
        "Fixes\u00a0: it",
        "\ufeff",
        "House-Accept\u200b: " + HASH,
        "Ho\u017fe-Accept: " + HASH,
        "Conflicts:",
        "\ta.py",
        "# " + "-" * 24 + " >8 " + "-" * 24,
    ]
)


@given(
    st.sampled_from(["Yes\n\n", "Yes\n", "", "\n", "# Yes\n\n"]), st.lists(spoken, max_size=7), st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_whatever_lines_there_are_the_house_reads_nothing_that_git_does_not(
    before: str, lines: list[str], with_acceptance: bool
) -> None:
    if with_acceptance:
        lines += [f"{key}: {value}" for key, value in ACCEPT.items()]
    agree(before + "\n".join(lines) + "\n")

"""What a commit message may say to the House, and why some do not count."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.trailers import MESSAGE_CHARACTERS_MAX, Refusal, parse

HASH = "d3ae11d966e0641aac118fab551f1273d400af93"
INVITE = {
    "House-Invite": "github:bob",
    "House-Purpose": "sprint-match/1",
    "House-Terms": "sha256:" + "ab" * 32,
    "House-Origin": "https://house.example",
    "House-Id": "0" * 31 + "1",
    "House-Expires": "2026-12-04T00:00:00Z",
}
ACCEPT = {key: INVITE[key] for key in ("House-Terms", "House-Origin")} | {"House-Accept": HASH}


def message(trailers: dict[str, str], before: str = "Ask Bob\n\nHe is good.\n\n", after: str = "\n") -> str:
    return before + "\n".join(f"{key}: {value}" for key, value in trailers.items()) + after


def reason(text: str) -> str:
    found = parse(text)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    "trailers",
    [
        INVITE,
        INVITE | {"House-Invite": "github:583231/bob"},
        INVITE | {"House-Since": "2026-01-01T00:00:00+02:00"},
        INVITE | {"House-Origin": "http://127.0.0.1:8080"},
        INVITE | {"House-Origin": "http://[::1]:8080"},
        ACCEPT,
        ACCEPT | {"House-Accept": "ab" * 32},
        {"House-Decline": HASH, "House-Origin": "https://house.example"},
        {"House-Revoke": HASH, "House-Origin": "https://house.example"},
    ],
)
def test_well_formed_trailers_are_read(trailers: dict[str, str]) -> None:
    assert parse(message(trailers)) == trailers


def test_other_trailers_may_stand_between_them() -> None:
    signed = "Signed-off-by: A <a@example.org>,\n  who folds\nHouse-Id"
    assert parse(message(INVITE).replace("House-Id", signed)) == INVITE
    assert parse(message(INVITE) + f"(cherry picked from commit {HASH})\n") == INVITE


def test_carriage_returns_and_white_space_at_line_ends_do_not_matter() -> None:
    assert parse(message(INVITE).replace("\n", "  \r\n") + "\r\n\n") == INVITE


@pytest.mark.parametrize(
    "text", ["", "\n\n", "Fix", "About House-Invite", "On House-Invite: see below\n\nMore\n"]
)
def test_a_message_that_does_not_speak_to_the_house_is_silent(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (message(INVITE).replace("House-Id", "House-ID"), "House-Id is not in exact case"),
        (message(INVITE).replace("House-Id", "house-id"), "House-Id is not in exact case"),
        (message(INVITE) + message({"House-Id": "1" * 32}, ""), "House-Id is given more than once"),
        (
            message(INVITE).replace("House-Terms", " House-Terms"),
            "House-Terms has white space before its name",
        ),
        (
            message(INVITE).replace("House-Terms:", "House-Terms :"),
            "House-Terms has white space before its name",
        ),
        (message(INVITE).replace("sha256:", "sha256:\n  "), "House-Terms must be sha256:"),
        (message(INVITE) + "  goes on\n", "House-Expires is folded"),
        (message(INVITE | {"House-Guest": "x"}), "not one the House knows"),
        (message(INVITE | {"House-Accept": HASH}), "found House-Invite and House-Accept"),
        (message({"House-Origin": "https://house.example"}), "found none"),
        (message({"House-Accept": HASH}), "House-Accept needs House-Terms, House-Origin beside it"),
        (message(INVITE) + "\nMore prose\n", "House-Invite stands before the last paragraph"),
        (message(ACCEPT, before=""), "the trailers are the first paragraph"),
        (message(ACCEPT, before="\n\n"), "the trailers are the first paragraph"),
        (message(INVITE).replace("House-Id", "A line of prose\nHouse-Id"), "mixes trailers with other lines"),
        (message(INVITE) + "# a comment\n", "mixes trailers with other lines"),
        (message(INVITE, before="Ask\n\u00a0\n"), "the trailers are the first paragraph"),
        (message(INVITE, before="Ask\n\n---\n\n"), "a line --- or a scissors line"),
        (message(INVITE) + "---\n\n a.py | 2 +-\n", "House-Invite stands before the last paragraph"),
        ("Fix\n\n" + "x\n" * MESSAGE_CHARACTERS_MAX + "House-Id: 1", "over 65,536 characters"),
    ],
)
def test_a_message_that_tries_and_fails_says_why(text: str, expected: str) -> None:
    assert expected in reason(text)


@pytest.mark.parametrize("missing", [key for key in INVITE if key != "House-Invite"])
def test_an_invitation_needs_every_trailer(missing: str) -> None:
    assert reason(message({k: v for k, v in INVITE.items() if k != missing})) == (
        f"House-Invite needs {missing} beside it"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("House-Invite", "bob"),
        ("House-Invite", "github:bob smith"),
        ("House-Invite", "github:" + "b" * 40),
        ("House-Invite", "github:b\u043eb"),
        ("House-Invite", "github:0/bob"),
        ("House-Invite", "github:42/"),
        ("House-Invite", ""),
        ("House-Purpose", "swimming"),
        ("House-Terms", "sha256:" + "AB" * 32),
        ("House-Terms", "sha256:" + "ab" * 31),
        ("House-Origin", "https://house.example/"),
        ("House-Origin", "ftp://house.example"),
        ("House-Origin", "https://" + "h" * 256),
        ("House-Id", "1" * 31),
        ("House-Expires", "2027-11-05"),
        ("House-Expires", "2026-13-04T00:00:00Z"),
        ("House-Expires", "2027-11-05T00:00:00"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named_but_not_repeated(key: str, value: str) -> None:
    said = reason(message(INVITE | {key: value}))
    assert said.startswith(f"{key} must be ")
    assert not value or value not in said


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_no_message_breaks_the_parser(text: str) -> None:
    assert isinstance(parse(text), dict | Refusal | None)


@given(
    st.lists(st.sampled_from(sorted(message(INVITE | ACCEPT).splitlines())), max_size=12),
    st.text(max_size=40),
)
@settings(max_examples=200)
def test_whatever_is_read_is_complete_and_has_one_act(lines: list[str], prose: str) -> None:
    found = parse(prose + "\n\n" + "\n".join(lines))
    if isinstance(found, dict):
        assert (
            sum(key in found for key in ("House-Invite", "House-Accept", "House-Decline", "House-Revoke"))
            == 1
        )
        assert all(f"{key}: {value}" in lines for key, value in found.items())


@given(st.permutations(sorted(INVITE)), st.text(alphabet="abc \n", max_size=60))
@settings(max_examples=100)
def test_neither_order_nor_earlier_paragraphs_matter(keys: list[str], before: str) -> None:
    assert parse(message({key: INVITE[key] for key in keys}, f"Ask{before}\n\n")) == INVITE

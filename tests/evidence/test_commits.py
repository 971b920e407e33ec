"""Raw commit objects are taken apart as git does, and refused by the part that is wrong."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import commits
from shared.domain.commits import COMMIT_BYTES_MAX, MalformedCommit, Person, names, parse
from tests.evidence.signing import Signer

TREE, PARENT = b"tree " + b"4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", b"parent " + b"d" * 40 + b"\n"
AUTHOR = b"author A U Thor <a@example.org> 1760895148 +0200\n"
COMMITTER = b"committer C O Mitter <c@example.org> 1760895149 -0730\n"
WHOLE = TREE + PARENT + AUTHOR + COMMITTER + b"\nhello\n"


def reason(raw: bytes) -> str:
    with pytest.raises(MalformedCommit) as refused:
        parse(raw)
    return str(refused.value)


def test_a_commit_says_what_git_says_of_it(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    first = names(signer.commit("one\n", signed=False)).sha1
    raw = signer.commit("Grüße\n\nof two lines\n\n\n")
    commit = parse(raw)
    assert names(raw).sha1 == signer.git("rev-parse", "HEAD").decode().strip()
    assert commit.parents == (first,)
    assert (commit.author.name, commit.author.email) == ("Zoë", "zoe@example.org")
    assert commit.text == "Grüße\n\nof two lines\n\n\n"
    assert commit.signature_kind == "ssh"
    assert commit.payload == re.sub(rb"gpgsig .*\n(?: .*\n)*", b"", raw)


def test_a_commit_of_a_sha256_repository_has_its_signature_under_its_own_header(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    raw = signer.commit("hello", object_format="sha256")
    commit = parse(raw)
    assert b"\ngpgsig-sha256 " in raw
    assert (commit.object_format, commit.signature_kind) == ("sha256", "ssh")
    assert names(raw).sha256 == signer.git("rev-parse", "HEAD").decode().strip()


def test_a_merge_of_a_signed_tag_is_not_signed_by_the_tag(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    signer.commit("one", signed=False)
    signer.git("tag", "-s", "-m", "a tag", "v1")
    signer.git("checkout", "-q", "--orphan", "other")
    signer.commit("two", signed=False)
    signer.git("merge", "-q", "--no-gpg-sign", "--allow-unrelated-histories", "-m", "merge", "v1")
    commit = parse(signer.git("cat-file", "commit", "HEAD"))
    assert len(commit.parents) == 2
    assert b"-----BEGIN SSH SIGNATURE-----" in commit.mergetags[0]
    assert commit.signature_kind == "none"


def test_the_parts_of_a_commit() -> None:
    commit = parse(WHOLE)
    assert commit.author == Person("A U Thor", "a@example.org", 1760895148, "+0200")
    assert commit.committer.offset == "-0730"
    assert (commit.payload, commit.message, commit.encoding) == (WHOLE, b"hello\n", None)


def test_invalid_utf8_is_kept_in_the_payload_and_replaced_where_it_is_read() -> None:
    raw = TREE + AUTHOR.replace(b"Thor", b"Th\xf6r") + COMMITTER + b"encoding ISO-8859-1\n\n\xff\xfe"
    commit = parse(raw)
    assert (commit.author.name, commit.text, commit.encoding) == ("A U Th�r", "��", "ISO-8859-1")
    assert commit.payload == raw


def test_an_empty_name_and_an_empty_message_are_a_commit() -> None:
    commit = parse(TREE + b"author <> 0 +0000\n" + COMMITTER + b"\n")
    assert (commit.author, commit.message) == (Person("", "", 0, "+0000"), b"")


def test_continuation_lines_belong_to_their_header() -> None:
    raw = WHOLE.replace(b"\n\n", b"\nHG:extra one\n gpgsig two\n \n three\n\n", 1)
    commit = parse(raw)
    assert (commit.signature, commit.payload, commit.message) == (None, raw, b"hello\n")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "missing: tree, author, committer, the blank line that ends the headers"),
        (AUTHOR + COMMITTER + b"\n", "missing: tree"),
        (TREE + b"\nhello", "missing: author, committer"),
        (TREE + AUTHOR + b"\n", "missing: committer"),
        (TREE + AUTHOR + COMMITTER, "missing: the blank line that ends the headers"),
        (WHOLE[:20], "missing: author, committer, the blank line that ends the headers"),
        (b" " + WHOLE, "the first line continues no header"),
        (TREE + TREE + AUTHOR + COMMITTER + b"\n", "given more than once: tree"),
        (WHOLE.replace(b"\n\n", b"\ngpgsig x\ngpgsig y\n\n", 1), "given more than once: gpgsig"),
        (TREE + COMMITTER + AUTHOR + b"\n", "in this order"),
        (WHOLE.replace(b"\n\n", b"\n" + PARENT + b"\n", 1), "in this order"),
        (WHOLE.replace(b"\n\n", b"\nnovalue\n\n", 1), "header 5 is not a name, a space and a value"),
        (WHOLE.replace(b"tree 4", b"tree X"), "tree is not a name of 40 or 64"),
        (WHOLE.replace(b"parent d", b"parent "), "parent is not a name of 40 or 64"),
        (WHOLE.replace(b"d" * 40, b"d" * 64), "different object formats"),
        (WHOLE.replace(b" <a@example.org>", b""), "author is not a name, an <email>"),
        (WHOLE.replace(b"1760895149", b"yesterday"), "committer is not a name"),
        (WHOLE.replace(b"+0200", b"CEST"), "author is not a name"),
        (WHOLE.replace(b"hello", b"hel\0lo"), "a NUL byte"),
        (WHOLE.replace(b"\n\n", b"\ngpgsig hello\n\n", 1), "gpgsig begins like no SSH, PGP or X.509"),
        (WHOLE.replace(b"\n\n", b"\ngpgsig x\ngpgsig-sha256 y\n\n", 1), "two object formats"),
        (WHOLE + b"x" * 10_000_000, f"10,000,204 bytes, the limit is {COMMIT_BYTES_MAX:,}"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_malformed_commit_is_refused_by_the_part_that_is_wrong(raw: bytes, why: str) -> None:
    assert why in reason(raw)


@given(
    st.binary(max_size=400)
    | st.builds(
        lambda at, more: WHOLE[:at] + more + WHOLE[at:], st.integers(0, len(WHOLE)), st.binary(max_size=8)
    )
)
def test_any_bytes_are_one_commit_whose_payload_is_all_of_them_or_are_refused(raw: bytes) -> None:
    try:
        commit = parse(raw)
    except commits.MalformedCommit:
        return
    assert commit.payload == raw or b"gpgsig" in raw

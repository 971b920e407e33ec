"""Notes are those of C2SP: what others sign, we read, and what is forged, we refuse."""

from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.checkpoints import Checkpoint, checkpoint_of
from shared.domain.notes import (
    COSIGNATURE,
    SIGNATURES_MAX,
    Key,
    Note,
    Unsigned,
    check,
    key_of,
    note_of,
    signed,
)

# Of golang.org/x/mod/sumdb/note's tests and documentation: a verifier key and a note of PeterNeumann's.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
TEXT = "house.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SECRET = Ed25519PrivateKey.from_private_bytes(b"\x1e" * 32)
KEY = Key("house.example", SECRET.public_key().public_bytes_raw())


def ours(text: str = TEXT) -> bytes:
    return signed(text, KEY, SECRET.sign(text.encode()))


def test_a_note_that_go_signed_is_read_and_checked() -> None:
    check(note_of(PETERS_NOTE.encode()), key_of(PETER))
    with pytest.raises(Unsigned, match="false"):
        check(note_of(PETERS_NOTE.replace("answer", "Answer").encode()), key_of(PETER))


def test_a_key_is_written_as_it_was_read() -> None:
    assert key_of(PETER).text == PETER
    assert key_of(KEY.text) == KEY


WITNESS = Key("witness.example/w1", KEY.public, COSIGNATURE)


def seen(
    text: str = TEXT, at_s: int = 1_679_315_147, over: str = "cosignature/v1\ntime 1679315147\n"
) -> bytes:
    """A witness's line."""
    value = WITNESS.id + at_s.to_bytes(8) + SECRET.sign((over + text).encode())
    return f"— {WITNESS.name} {b64encode(value).decode()}\n".encode()


def test_what_a_witness_has_seen_is_kept_and_checked() -> None:
    note = note_of(ours() + seen())
    assert key_of(WITNESS.text) == WITNESS
    check(note, KEY)
    check(note, WITNESS)
    assert WITNESS.id != Key(WITNESS.name, WITNESS.public).id


@pytest.mark.parametrize(
    "line",
    [
        seen(at_s=1_679_315_148),
        seen(text=TEXT.replace("\n3\n", "\n4\n")),
        seen(over="cosignature/v1\ntime 01679315147\n"),
        # The log's own signature, by the same key, is no witness's.
        seen(over=""),
        f"— {WITNESS.name} {b64encode(WITNESS.id + b'short').decode()}\n".encode(),
    ],
)
def test_a_witness_who_is_quoted_falsely_spoils_the_note(line: bytes) -> None:
    with pytest.raises(Unsigned, match="false"):
        check(note_of(ours() + line), WITNESS)


def test_signatures_of_witnesses_are_let_pass() -> None:
    witness = f"— witness.example/w1 {b64encode(b'abcd' + b'?' * 72).decode()}\n".encode()
    note = note_of(ours() + witness)
    assert [line.name for line in note.signatures] == ["house.example", "witness.example/w1"]
    check(note, KEY)


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    forged = f"— house.example {b64encode(KEY.id + b'?' * 64).decode()}\n".encode()
    with pytest.raises(Unsigned, match="false"):
        check(note_of(ours() + forged), KEY)


def test_a_key_that_did_not_sign_is_told_so() -> None:
    with pytest.raises(Unsigned, match="not signed by PeterNeumann"):
        check(note_of(ours()), key_of(PETER))


def test_the_same_name_with_another_key_is_unknown() -> None:
    other = Key("house.example", b64decode("GlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY="))
    with pytest.raises(Unsigned, match="not signed by"):
        check(note_of(ours()), other)


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+00000000", "na me+c74f20a3+ARpc", PETER.replace("c74f20a3", "c74f20a4"), PETER[:-4],
     "name+00000000+" + b64encode(b"\2" + b"k" * 32).decode()],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"verifier key|key's id|base64"):
        key_of(text)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode() + b"\n",
        ours()[:-1],
        ours().replace("— ".encode(), b"-- "),
        ours().replace(b"\n3\n", b"\n3\r\n"),
        ours() + b"trailing\n",
        ours() + "— x abc\n".encode(),
        b"\xff" + ours(),
        ours() + b"\n".join([ours().split(b"\n")[-2]] * (SIGNATURES_MAX + 1)) + b"\n",
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each for a reason of its own
        note_of(data)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with suppress(ValueError):
        note_of(data)


@pytest.mark.parametrize("text", ["no end of line", "a tab\t\n"])
def test_what_a_note_may_not_say_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        signed(text, KEY, b"")


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    checkpoint = Checkpoint("house.example", 3, b"r" * 32)
    assert checkpoint_of(Note(checkpoint.text, ())) == checkpoint
    # "Following lines are extension lines, opaque and OPTIONAL."
    assert checkpoint_of(Note(checkpoint.text + "extension\n", ())) == checkpoint


@pytest.mark.parametrize("size", ["", "03", "-1", "+1", "1.0", "१"])
def test_a_size_is_plain_decimal(size: str) -> None:
    with pytest.raises(ValueError, match="an origin, a size"):
        checkpoint_of(Note(TEXT.replace("\n3\n", f"\n{size}\n"), ()))

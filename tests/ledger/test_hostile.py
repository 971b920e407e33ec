"""A ledger from somebody who means harm runs nothing, is followed nowhere, and takes no more memory than it is large."""

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest

from shared.adapters.ledger_copy import OBJECT_SIZE_BYTES_MAX
from shared.adapters.pack_sizes import check_sizes
from shared.cli.main import main
from shared.domain import ledger, merkle
from shared.domain.checkpoints import Checkpoint, checkpoint_objects
from shared.domain.git_objects import named
from shared.domain.packs import _index, pack
from tests.ledger.publishing import git
from tests.ledger.verifying import ENTRIES, entry_raw, refused, story, verify, written

A, RAW = ENTRIES[0].hash, entry_raw(0)
MEGABYTE = 1024 * 1024


# -- where it leads


@pytest.mark.parametrize(
    "name", ["objects/info/alternates", "commondir", "objects/pack/multi-pack-index"], ids=os.path.basename
)
def test_what_leads_elsewhere_is_not_followed(
    repository: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("/somewhere/else\n")
    assert f"{name} leads elsewhere" in refused(capsys, repository)


def test_a_file_in_the_place_of_a_folder_is_not_followed(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / ".git").write_text(f"gitdir: {repository}\n")
    assert ".git leads elsewhere" in refused(capsys, tmp_path / "clone")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("objects/pack/pack-x.pack", "the pack pack-x.pack has no index"),
        ("objects/pack/pack-x.idx", "the pack pack-x.pack has no index"),
        ("objects/ab/cd", "ab/cd is no object"),
        ("objects/info/alternates", "leads elsewhere"),
        ("packed-refs", None),
        ("HEAD", None),
        ("config", None),
    ],
)
def test_what_never_ends_is_not_waited_for(
    repository: Path, name: str, why: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).unlink(missing_ok=True)
    os.mkfifo(repository / name)
    if why is None:
        assert verify(repository) == 0
    else:
        assert why in refused(capsys, repository)


def test_nothing_of_it_is_run(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >>{ran}\nexit 1\n")
    program.chmod(0o755)
    (repository / "hooks").mkdir(exist_ok=True)
    for hook in ("pre-push", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (repository / "hooks" / hook).symlink_to(program)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.askPass",
        "gpg.program",
        "core.gitProxy",
    ):
        git(repository, "config", key, str(program))
    git(repository, "config", "push.gpgSign", "true")
    git(repository, "config", "include.path", "/dev/zero")
    ran.unlink(missing_ok=True)
    assert verify(repository, "--since", repository) == 0
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    assert main(["ledger", "push", str(tmp_path / "remote.git"), "--ledger", str(repository)]) == 0
    assert main(["ledger", "proof", A, "--ledger", str(repository), "--output", str(tmp_path / "proof")]) == 0
    assert verify(tmp_path / "remote.git") == 0
    assert not ran.exists()


def test_what_it_says_is_not_obeyed_by_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    origin = "house.\x9b2J\u202eexample"
    assert verify(written(tmp_path, story([[A]], {A: RAW}, origins=(origin,)))) == 0
    said = capsys.readouterr().out
    assert "house.?2J?example" in said
    assert said.replace("\n", "").isprintable()


# -- how much it takes


def number(value: int) -> bytes:
    """As a delta has its sizes."""
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def object_of(kind: int, size_bytes: int, packed: bytes, base: bytes = b"") -> bytes:
    """An object in a pack, whatever it says of its size."""
    first, rest = kind << 4 | size_bytes & 15, size_bytes >> 4
    head = bytes([first | 0x80]) + number(rest) if rest else bytes([first])
    return head + base + packed


def back(distance: int) -> bytes:
    digits = [distance & 0x7F]
    while distance := distance >> 7:
        distance -= 1
        digits.insert(0, distance & 0x7F | 0x80)
    return bytes(digits)


def delta(from_bytes: int, to: bytes) -> bytes:
    """A delta that takes nothing of what it is applied to."""
    parts = [to[at : at + 127] for at in range(0, len(to), 127)]
    return number(from_bytes) + number(len(to)) + b"".join(bytes([len(part)]) + part for part in parts)


def laid(folder: Path, *objects: tuple[str, bytes], far: bool = False) -> tuple[Path, Path]:
    """A pack of objects, given as (name, packed), and its index; `far`: its offsets are in the list of long ones."""
    entries, end = [], 12
    for name, packed in objects:
        entries.append((bytes.fromhex(name), zlib.crc32(packed), end))
        end += len(packed)
    body = b"PACK" + struct.pack(">2I", 2, len(objects)) + b"".join(packed for _, packed in objects)
    digest = sha1(body).digest()
    index = _index(entries, digest)
    if far:
        count, head = len(entries), 8 + 1024 + 24 * len(entries)
        offsets = struct.unpack(f">{count}I", index[head : head + 4 * count])
        near = struct.pack(f">{count}I", *(1 << 31 | n for n in range(count)))
        index = index[:head] + near + struct.pack(f">{count}Q", *offsets) + digest
        index += sha1(index).digest()
    pack_file = folder / f"pack-{digest.hex()}.pack"
    pack_file.write_bytes(body + digest)
    pack_file.with_suffix(".idx").write_bytes(index)
    return pack_file, pack_file.with_suffix(".idx")


def checked(folder: Path, *objects: tuple[str, bytes], far: bool = False) -> None:
    check_sizes(*laid(folder, *objects, far=far), 1_000, 3)


SMALL = object_of(1, 5, zlib.compress(b"small"))
ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def on_small(from_bytes: int = 5, to: bytes = b"x", distance: int = len(SMALL)) -> bytes:
    made = delta(from_bytes, to)
    return object_of(6, len(made), zlib.compress(made), back(distance))


@pytest.mark.parametrize("far", [False, True])
def test_small_objects_and_deltas_are_let_pass(tmp_path: Path, far: bool) -> None:
    by_name = object_of(7, len(delta(5, b"y")), zlib.compress(delta(5, b"y")), bytes.fromhex(ONE))
    # As `git fetch` completes a pack, what a delta is made of may stand behind it.
    checked(tmp_path, (THREE, by_name), (ONE, SMALL), (TWO, on_small()), far=far)


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        ([(ONE, object_of(1, 1_001, b""))], "an object of 1001 bytes, at most 1000"),
        ([(ONE, SMALL), (TWO, on_small(from_bytes=5_000))], "an object of 5000 bytes"),
        ([(ONE, SMALL), (TWO, on_small(to=b"x" * 2_000))], "an object of 20.. bytes"),
        ([(ONE, SMALL), (TWO, on_small(distance=3))], "the index does not name"),
        ([(ONE, SMALL), (TWO, on_small(distance=100_000))], "the index does not name"),
        ([(ONE, object_of(7, 3, zlib.compress(delta(5, b"")), bytes(20)))], "the index does not name"),
        ([(ONE, object_of(7, 9, zlib.compress(delta(5, b"")), bytes.fromhex(ONE)))], "made of themselves"),
        ([(ONE, object_of(5, 1, b""))], "is of no kind there is"),
        ([(ONE, object_of(0, 1, b""))], "is of no kind there is"),
        ([(ONE, b"\x9f" + b"\xff" * 12)], "a size in it has no end"),
        ([(ONE, b"\x61" + b"\xff" * 12)], "an offset in it has no end"),
        ([(ONE, SMALL), (TWO, object_of(6, 1, b"not packed", back(len(SMALL))))], "cannot be unpacked"),
        ([(ONE, SMALL), (TWO, object_of(6, 1, zlib.compress(b"\xff"), back(len(SMALL))))], "has no end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_be_large_once_it_is_unpacked_is_refused_before(
    tmp_path: Path, objects: list[tuple[str, bytes]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        checked(tmp_path, *objects)


def test_deltas_upon_deltas_have_an_end(tmp_path: Path) -> None:
    chain, size = [(f"{0:040x}", SMALL)], len(SMALL)
    for n in range(1, 5):
        made = on_small(from_bytes=5 if n == 1 else 1, distance=size)
        chain.append((f"{n:040x}", made))
        size = len(made)
    checked(tmp_path, *chain[:4])
    with pytest.raises(ValueError, match="over 3 deltas upon deltas"):
        checked(tmp_path, *chain)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda index: index[:1_000],
        lambda index: b"\377tOc\0\0\0\3" + index[8:],
        lambda index: index[: 8 + 1020] + b"\xff\xff\xff\xff" + index[8 + 1024 :],
        lambda index: index[: 8 + 1024 + 24] + b"\xff\xff\xff\xff" + index[8 + 1024 + 28 :],
        lambda index: index[: 8 + 1024 + 24] + b"\x7f\xff\xff\xff" + index[8 + 1024 + 28 :],
    ],
)
def test_an_index_that_leads_out_of_its_files_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    pack_file, index = laid(tmp_path, (ONE, SMALL))
    index.write_bytes(spoil(index.read_bytes()))
    with pytest.raises(ValueError, match="index"):
        check_sizes(pack_file, index, 1_000, 3)


def test_a_small_entry_that_is_made_of_a_huge_one_is_not_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = written(tmp_path, story([[A]], {A: RAW}))
    for file in (repository / "objects" / "pack").iterdir():
        file.unlink()
    size_bytes = 2 * OBJECT_SIZE_BYTES_MAX
    huge = object_of(1, size_bytes, zlib.compress(bytes(size_bytes)))
    made = delta(size_bytes, RAW)
    small = object_of(6, len(made), zlib.compress(made), back(len(huge)))
    laid(repository / "objects" / "pack", (ONE, huge), (A, small))
    assert f"an object of {size_bytes} bytes, at most" in refused(capsys, repository)


def test_a_file_that_is_mostly_nothing_is_not_taken_into_memory(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "objects" / "ab").mkdir(exist_ok=True)
    with (repository / "objects" / "ab" / ("c" * 38)).open("wb") as file:
        file.truncate(1024 * MEGABYTE)
    assert f"ab/{'c' * 38} is no object, or one over" in refused(capsys, repository)


def taken_mb(read: Callable[[], object]) -> float:
    """The megabytes that were held at once."""
    tracemalloc.start()
    try:
        read()
    except ledger.Unsound:
        pass
    finally:
        held_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return held_bytes / MEGABYTE


def endless(checkpoints: int, repeated: int, signed_bytes: int) -> Callable[[], object]:
    """A ledger of checkpoints that say the same again and again, which costs next to nothing packed."""
    root = merkle.root_of([merkle.leaf(RAW)])
    others = "".join(f"— w{n} {'A' * (signed_bytes // 32 // 4 * 4)}\n" for n in range(32))
    note = f"{Checkpoint('house.example', 1, root).text}\n{others}".encode()
    objects, previous = [("tree", b""), ("commit", RAW)], A
    for n in range(checkpoints):
        head = checkpoint_objects(note, 1, [previous, *[A] * repeated], 1_772_442_000 + n)
        previous = named(*head[-1])
        objects += head
    found = {named(kind, raw): (kind, raw) for kind, raw in objects}
    assert len(pack(found.values()).data) < MEGABYTE
    return lambda: ledger.read(previous, found.__getitem__)


@pytest.mark.parametrize(("repeated", "signed_bytes"), [(5_000, 500), (0, 200_000)])
def test_what_is_said_again_and_again_is_not_kept_again_and_again(repeated: int, signed_bytes: int) -> None:
    few, many = (taken_mb(endless(count, repeated, signed_bytes)) for count in (5, 50))
    assert many < few + 1

"""`house verify` under test: ledgers as the House publishes them, and as somebody else may write them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.adapters.ed25519 import SecretSigner
from shared.adapters.memory import MemorySecrets
from shared.cli.main import main
from shared.domain import merkle
from shared.domain.checkpoints import Checkpoint, checkpoint_objects
from shared.domain.entry_hash import raw_commit
from shared.domain.git_objects import named
from shared.domain.notes import Key, signed
from shared.domain.packs import pack
from tests.given import NOW_US
from tests.ledger.publishing import ADA, SECRET, Publishing, entry_of, git

ENTRIES = [entry_of(n, ADA, at_us=NOW_US + n) for n in range(6)]


def published(rounds: Sequence[int] = (2, 1), secret: str = SECRET) -> Publishing:
    """A ledger of so many entries a checkpoint."""
    at, first = Publishing(secret), 0
    at.agree(ADA)
    for count in rounds:
        at.enter(ENTRIES[first : first + count])
        at.publish()
        first += count
    return at


def verify(*arguments: object) -> int:
    try:
        return main(["verify", *map(str, arguments)])
    except SystemExit as ended:
        return int(str(ended.code))


def refused(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 1) -> str:
    """The one line with which it ends."""
    assert verify(*arguments) == code
    said = capsys.readouterr().err
    assert said.startswith("house: ") or code == 2
    assert said.count("\n") == 1
    return said


def folder_of(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def entry_raw(number: int) -> bytes:
    return raw_commit(ENTRIES[number])


def story(
    rounds: Sequence[Sequence[str]],
    raws: dict[str, bytes] | None = None,
    size: int = 0,
    root: bytes = b"",
    origins: Sequence[str] = ("house.example", "house.example"),
) -> list[tuple[str, bytes]]:
    """A ledger as somebody else may write it: leaves by name below checkpoints; `size` and `root` of the last."""
    signer = SecretSigner(MemorySecrets({"ledger": SECRET.encode()}), "ledger")
    objects: list[tuple[str, bytes]] = [("tree", b""), *(("commit", raw) for raw in (raws or {}).values())]
    frontier, previous = merkle.Frontier(), ""
    for place, names in enumerate(rounds):
        frontier = frontier.grown(merkle.leaf((raws or {}).get(name, b"")) for name in names)
        last = place == len(rounds) - 1
        said = Checkpoint(
            origins[place], size if last and size else frontier.size, root if last and root else frontier.root
        )
        key = Key(said.origin, signer.public())
        note = signed(said.text, key, signer.sign(said.text.encode()))
        head = checkpoint_objects(note, said.size, [*([previous] if previous else []), *names], 1_772_442_000)
        objects += head
        previous = named(*head[-1])
    return objects


def written(tmp_path: Path, objects: Sequence[tuple[str, bytes]]) -> Path:
    made = pack({named(kind, raw): (kind, raw) for kind, raw in objects}.values())
    git(tmp_path, "init", "--quiet", "--bare", "story.git")
    repository = tmp_path / "story.git"
    (repository / "objects" / "pack" / f"pack-{made.name}.pack").write_bytes(made.data)
    (repository / "objects" / "pack" / f"pack-{made.name}.idx").write_bytes(made.index)
    (repository / "refs" / "heads" / "main").write_text(f"{named(*objects[-1])}\n")
    return repository

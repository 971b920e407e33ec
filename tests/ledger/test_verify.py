"""`house verify` says of a sound ledger that it is, and of every other what is wrong with it, in one line."""

import random
import shutil
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path

import pytest

from shared.adapters.ed25519 import SecretSigner
from shared.adapters.memory import MemorySecrets
from shared.cli.main import main
from shared.domain import merkle
from shared.domain.checkpoints import Checkpoint, checkpoint_objects
from shared.domain.git_objects import EMPTY_TREE, Commit, named
from shared.domain.notes import Key, signed
from shared.domain.packs import pack
from tests.given import NOW_US
from tests.ledger.publishing import SECRET, Publishing, entry_of, git, laid_out
from tests.ledger.serving import served
from tests.ledger.test_serving import house_of

ADA = "dev_" + "a" * 20
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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    at = published()
    (tmp_path / "house.key").write_text(at.state.key)
    return laid_out(at.state, at.bucket, tmp_path)


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


def test_a_sound_ledger_is_proven(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(repository, "--key", repository.parent / "house.key", "--entry", ENTRIES[2].hash) == 0
    said = capsys.readouterr().out
    assert "3 entries, 0 opt-ins, 2 checkpoints" in said
    assert "house.example+" in said
    assert "holds" in said
    assert "leaf        2" in said
    assert "kind: star" in said


@pytest.mark.parametrize(
    "how", [["gc", "--aggressive"], ["unpack"], ["repack", "-ad", "--depth=50"]], ids=" ".join
)
def test_it_does_not_matter_how_git_keeps_it(repository: Path, how: list[str]) -> None:
    if how == ["unpack"]:
        for pack_file in [*(repository / "objects" / "pack").glob("*.pack")]:
            moved = pack_file.rename(repository / pack_file.name)
            with moved.open("rb") as file:
                import subprocess

                subprocess.run(["git", "unpack-objects", "-q"], cwd=repository, stdin=file, check=True)
        for index in [*(repository / "objects" / "pack").glob("*.idx")]:
            index.unlink()
    else:
        git(repository, "-c", "pack.window=50", *how, "--quiet")
    assert verify(repository) == 0


def test_a_url_is_cloned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = published()
    with served(house_of(at).app) as url:
        assert verify(f"{url}/ledger.git", "--key", at.state.key) == 0
        assert "git clone" in refused(capsys, f"{url}/elsewhere.git")


def test_a_clone_with_a_working_tree_will_do(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    assert verify(tmp_path / "clone") == 0


# -- what is damaged


def pack_of(repository: Path) -> Path:
    return max((repository / "objects" / "pack").glob("*.pack"), key=lambda path: path.stat().st_size)


def test_a_truncated_pack_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack_of(repository)
    path.chmod(0o600)
    whole = path.read_bytes()
    for size_bytes in (0, 5, 31, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size_bytes])
        said = refused(capsys, repository)
        assert path.name in said
        assert "truncated" in said


def test_no_flipped_byte_goes_unseen(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(4)
    path = pack_of(repository)
    for file in (path, path.with_suffix(".idx")):
        file.chmod(0o600)
        whole = file.read_bytes()
        for place in (*range(12), *(dice.randrange(len(whole)) for _ in range(40))):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
            assert path.stem in refused(capsys, repository)
        file.write_bytes(whole)
    assert verify(repository) == 0


def test_a_pack_whose_digest_was_made_to_fit_is_refused_still(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(5)
    path = pack_of(repository)
    index = path.with_suffix(".idx")
    path.chmod(0o600)
    index.chmod(0o600)
    whole, indexed = path.read_bytes(), index.read_bytes()
    sound = git(repository, "log", "--format=raw", "main")
    for _ in range(60):
        place = dice.randrange(12, len(whole) - 20)
        body = whole[:place] + bytes([whole[place] ^ 1 << dice.randrange(8)]) + whole[place + 1 : -20]
        digest = sha1(body).digest()
        path.write_bytes(body + digest)
        head = indexed[:-40] + digest
        index.write_bytes(head + sha1(head).digest())
        if verify(repository) == 0:
            # zlib has bits that say nothing; then every object is as it was.
            assert git(repository, "log", "--format=raw", "main") == sound
        capsys.readouterr()


def test_a_missing_index_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack_of(repository)
    path.with_suffix(".idx").unlink()
    assert f"the pack {path.name} has no index" in refused(capsys, repository)


def test_a_missing_object_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objects = story([[ENTRIES[0].hash]])
    repository = written(tmp_path, objects)
    assert f"the object {ENTRIES[0].hash} is missing" in refused(capsys, repository)


def test_what_is_no_ledger_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no git repository" in refused(capsys, folder_of(tmp_path, "empty"))
    git(tmp_path, "init", "--quiet", "--bare", "bare")
    assert "there is no branch main" in refused(capsys, tmp_path / "bare")
    assert "no folder" in refused(capsys, tmp_path / "nowhere", code=2)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "other")
    other = tmp_path / "other"
    git(
        other,
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@y",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        "hello",
    )
    assert "not a commit as the House makes them" in refused(capsys, other)


# -- what is not as it has to be


def entry_raw(number: int) -> bytes:
    from shared.domain.entry_hash import raw_commit

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


A, B = ENTRIES[0].hash, ENTRIES[1].hash
BOTH = {A: entry_raw(0), B: entry_raw(1)}
CHANGED = entry_raw(0).replace(b"received: 2026-03-02T09:00:00Z", b"received: 2026-03-02T09:00:00.000Z")
MERGED = Commit(EMPTY_TREE, (A, B), 1_772_442_000, "house opt-in/1\n\nkind: opt-in\n").raw


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        (story([[A], [B]], BOTH, root=b"?" * 32), "its history makes"),
        (story([[A], [B]], BOTH, size=3), "its history makes"),
        (story([[A, B], [A]], BOTH), f"{A} is in the ledger twice"),
        (
            story([[A], [B]], BOTH, origins=("house.example", "mouse.example")),
            "its origin is not house.example",
        ),
        (story([[named("commit", CHANGED)]], {named("commit", CHANGED): CHANGED}), "do not make"),
        (story([[named("commit", MERGED)]], {named("commit", MERGED): MERGED}), "not an opt-in's commit"),
    ],
    ids=["root", "size", "twice", "origin", "changed", "opt-in"],
)
def test_what_does_not_follow_is_refused(
    objects: list[tuple[str, bytes]], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refused(capsys, written(tmp_path, objects))


def test_such_a_story_is_sound_when_it_is_true(tmp_path: Path) -> None:
    assert verify(written(tmp_path, story([[A], [B]], BOTH))) == 0


def test_an_opt_in_of_entries_that_are_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.ledger.test_publishing import OPT_IN

    name = named("commit", OPT_IN.raw)
    said = refused(capsys, written(tmp_path, story([[name]], {name: OPT_IN.raw})))
    assert f"it is an opt-in of {'1' * 40}, which is no entry before it" in said


def test_another_key_s_ledger_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = published(secret="2f" * 32).state.key
    assert "not signed by house.example+" in refused(capsys, repository, "--key", other)
    assert "verifier key reads" in refused(capsys, repository, "--key", "nonsense", code=2)


# -- growth


def test_a_ledger_that_grew_is_told_apart_from_one_that_forks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = published((2,))
    before = laid_out(at.state, at.bucket, folder_of(tmp_path, "before"))
    first, note = at.state.commit, tmp_path / "checkpoint"
    note.write_text(at.state.note)
    at.enter(ENTRIES[2:3])
    at.publish()
    after = laid_out(at.state, at.bucket, folder_of(tmp_path, "after"))
    for since in (before, note, first, after):
        assert verify(after, "--since", since) == 0
    capsys.readouterr()
    other = published((1, 2))
    fork = laid_out(other.state, other.bucket, folder_of(tmp_path, "fork"))
    said = refused(capsys, fork, "--since", after)
    assert "the ledger forks: then (" in said
    assert first in said
    assert "size 2" in said
    assert "size 1" in said
    assert first in refused(capsys, fork, "--since", first)
    # The same two entries are below the third's parent there, so what the note alone says still holds.
    assert verify(fork, "--since", note) == 0
    capsys.readouterr()
    foreign = Publishing()
    foreign.agree(ADA)
    foreign.enter(ENTRIES[3:6])
    foreign.publish()
    rewritten = laid_out(foreign.state, foreign.bucket, folder_of(tmp_path, "rewritten"))
    for since in (before, note, first):
        assert "the ledger forks" in refused(capsys, rewritten, "--since", since)


def test_a_ledger_that_lost_its_end_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = published((2, 1))
    whole = laid_out(at.state, at.bucket, folder_of(tmp_path, "whole"))
    shutil.copytree(whole, tmp_path / "cut")
    git(tmp_path / "cut", "update-ref", "refs/heads/main", "main^1")
    assert verify(tmp_path / "cut") == 0
    capsys.readouterr()
    said = refused(capsys, tmp_path / "cut", "--since", whole)
    assert "then (house.example, size 3" in said
    assert "now (house.example, size 2" in said


@pytest.mark.parametrize("since", ["f" * 40, "nowhere"])
def test_a_checkpoint_that_nobody_knows_is_told_so(
    since: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert since in refused(capsys, repository, "--since", since, code=2 if since == "nowhere" else 1)


# -- proofs


def test_a_proof_is_checked_without_the_ledger(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = repository.parent / "house.key"
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "proof", ENTRIES[1].hash, "--ledger", str(repository)]) == 0
    path = tmp_path / capsys.readouterr().out.strip()
    shutil.rmtree(repository)
    assert verify("--proof", path, "--key", key, "--entry", ENTRIES[1].hash) == 0
    said = capsys.readouterr().out
    assert f"{ENTRIES[1].hash} is leaf 1 of 3 in the ledger house.example" in said
    assert "holds" in said
    assert path.stat().st_size < 1_500
    whole = path.read_bytes()
    assert whole.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    assert "it proves" in refused(capsys, "--proof", path, "--entry", ENTRIES[0].hash)
    dice = random.Random(6)
    for place in (dice.randrange(len(whole)) for _ in range(120)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused(capsys, "--proof", path, "--key", key)


def test_what_is_not_there_cannot_be_proven(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "proof", "f" * 40, "--ledger", str(repository)]) == 1
    assert "there is no entry or opt-in" in capsys.readouterr().err
    assert "there is no entry or opt-in" in refused(capsys, repository, "--entry", "f" * 40)
    assert "No such file" in refused(capsys, "--proof", "nowhere.tlog-proof", code=2)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--since", "x"], ["--proof", "x", "--since", "y"], ["x", "--entry", "abc"]],
    ids=" ".join,
)
def test_misuse_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(*arguments) == 2


# -- elsewhere


def test_it_is_pushed_to_a_remote_and_never_over_another_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = published((2,))
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    remote = tmp_path / "remote.git"
    with served(house_of(at).app) as url:
        push = ["ledger", "push", str(remote), "--url", url]
        assert main(push) == 0
        at.enter(ENTRIES[2:4])
        at.publish()
        assert main(push) == 0
        assert git(remote, "rev-parse", "main") == at.state.commit
        assert verify(remote, "--key", at.state.key) == 0
        capsys.readouterr()
    other = published((1,))
    with served(house_of(other).app) as url:
        assert main(["ledger", "push", str(remote), "--url", url]) == 1
        assert "rejected" in capsys.readouterr().err
    assert git(remote, "rev-parse", "main") == at.state.commit


def test_a_bomb_is_not_inflated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = b"tree " + b"0" * 9_000_000
    objects = [*story([[named("commit", bomb)]], {named("commit", bomb): bomb})]
    assert "has 9000005 bytes, at most" in refused(capsys, written(tmp_path, objects))

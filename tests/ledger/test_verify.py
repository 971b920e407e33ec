"""`house verify` says of a sound ledger that it is, and of another what is wrong with it, in one line."""

import subprocess
from pathlib import Path

import pytest

from emulators.serving import serving
from shared.domain.git_objects import EMPTY_TREE, Commit, named
from tests.ledger.publishing import git, house_of
from tests.ledger.test_commits import OPT_IN
from tests.ledger.verifying import ENTRIES, entry_raw, published, refused, story, verify, written


def test_a_sound_ledger_is_proven(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(repository, "--key", repository.parent / "house.key", "--entry", ENTRIES[2].hash) == 0
    said = capsys.readouterr().out
    assert "entries: 3, opt-ins: 0, checkpoints: 2" in said
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
                subprocess.run(["git", "unpack-objects", "-q"], cwd=repository, stdin=file, check=True)
        for index in [*(repository / "objects" / "pack").glob("*.idx")]:
            index.unlink()
    else:
        git(repository, "-c", "pack.window=50", *how, "--quiet")
    assert verify(repository) == 0


def test_a_url_is_cloned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = published()
    with serving(house_of(at).app) as url:
        assert verify(f"{url}/ledger.git", "--key", at.state.key) == 0
        assert "git clone" in refused(capsys, f"{url}/elsewhere.git")


def test_a_clone_with_a_working_tree_will_do(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    assert verify(tmp_path / "clone") == 0


@pytest.mark.parametrize(
    "arguments",
    [[], ["--since", "x"], ["--proof", "x", "--since", "y"], ["x", "--entry", "abc"]],
    ids=" ".join,
)
def test_misuse_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(*arguments) == 2


# -- what is not as it has to be


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
    name = named("commit", OPT_IN.raw)
    said = refused(capsys, written(tmp_path, story([[name]], {name: OPT_IN.raw})))
    assert f"it is an opt-in of {'1' * 40}, which is no entry before it" in said


def test_another_key_s_ledger_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = published(secret="2f" * 32).state.key
    assert "not signed by house.example+" in refused(capsys, repository, "--key", other)
    said = refused(capsys, repository, "--key", "nonsense", code=2)
    assert "--key nonsense: there is no such file, and it is none itself: a verifier key reads" in said


def test_a_bomb_is_not_inflated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = b"tree " + b"0" * 9_000_000
    objects = [*story([[named("commit", bomb)]], {named("commit", bomb): bomb})]
    assert "an object of 9000005 bytes, at most" in refused(capsys, written(tmp_path, objects))

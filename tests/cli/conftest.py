"""Alice and bob at their keyboards, and the command as they call it."""

import os
from pathlib import Path

import pytest

from shared.cli.main import main
from tests.cli.git import Developer, developer
from tests.cli.statements import NOBODY, House


@pytest.fixture
def alice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Developer:
    for name in [name for name in os.environ if name.startswith(("HOUSE_", "GIT_"))]:
        monkeypatch.delenv(name)
    one = developer(tmp_path, "alice")
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOUSE_GITHUB_URL", NOBODY)
    monkeypatch.chdir(one.repository)
    return one


@pytest.fixture
def bob(alice: Developer, monkeypatch: pytest.MonkeyPatch) -> Developer:
    """Bob is at the keyboard, with a clone of what alice has pushed."""
    one = developer(alice.home.parent, "bob")
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(one.repository)
    return one


@pytest.fixture
def house(capsys: pytest.CaptureFixture[str]) -> House:
    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as ended:
            code = int(str(ended.code))
        said = capsys.readouterr()
        return code, said.out.strip(), said.err

    return run

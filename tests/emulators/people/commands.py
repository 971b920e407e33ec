"""Commands: `house …`, as somebody says it to a House on the emulators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from shared.cli.main import main
from tests.emulators.people.place import Place


@dataclass(frozen=True)
class Commands:
    """The command line of this process, told where the House and its GitHub are."""

    place: Place
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def say(self, token: str, *argv: str, at: Mapping[str, str] | None = None) -> str:
        """What a command that succeeds prints; `at` is more of the speaker's environment."""
        code, out, err = self._run(token, argv, at or {})
        assert code == 0, err
        return out

    def fail(self, token: str, *argv: str) -> str:
        """Why a command fails."""
        code, _, err = self._run(token, argv, {})
        assert code == 1, err
        return err

    def _run(self, token: str, argv: tuple[str, ...], at: Mapping[str, str]) -> tuple[int, str, str]:
        place = self.place
        here = {
            "HOUSE_URL": place.house.url,
            "HOUSE_TOKEN": token,
            "HOUSE_GITHUB_URL": place.github_url,
            **at,
        }
        for name, value in here.items():
            self.patch.setenv(name, value)
        self.capsys.readouterr()
        code = main(argv)
        said = self.capsys.readouterr()
        return code, said.out.strip(), said.err

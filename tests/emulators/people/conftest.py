"""One House for all that people do with it, as it takes a quarter of a minute to start; and the demo played on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.cli.demo.cast import Cast, Developer, cast
from shared.cli.demo.host import nonce
from shared.cli.demo.show import show
from tests.emulators.faulty import until
from tests.emulators.people.commands import Commands
from tests.emulators.people.place import Place
from tests.emulators.people.place import place as open_place
from tests.ledger.publishing import git

LEDGER_S_MAX = 200.0
"""An event is settled after half a minute, sealed within the next, and published with the checkpoint after that."""


@dataclass(frozen=True)
class Played:
    """The demo as it was played: who played, and what it told."""

    players: Cast
    told: dict[str, Any]


@pytest.fixture(scope="package")
def players() -> Cast:
    return cast(nonce(2_026))


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory, players: Cast) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place"), players) as opened:
        yield opened


@pytest.fixture(scope="package")
def played(place: Place, players: Cast) -> Played:
    """Afterwards carol tells of the two in webhooks of her own, small ones and large ones."""
    outcome = show(place.api, place.house.secret, players, profiles=True, json=True)
    assert outcome.failure is None
    alice, bob, carol, *_ = players.developers
    told = {mention(place, carol, one, more) for one in (alice, bob) for more in ("", "and so on " * 30_000)}
    until(
        lambda: place.api.get("/api/entries", limit=500)["entries"],
        lambda found: told <= {entry["delivery"] for entry in found},
    )
    return Played(players, outcome.told)


def mention(place: Place, by: Developer, who: Developer, more: str) -> str:
    """A webhook of somebody else's that tells of a developer in words that nothing parses; its digest."""
    told = f"thanks @{who.login}, that is {who.name} <{who.email}>, github:{who.id} {more}"
    owner = {"id": by.id, "login": by.login, "type": "User"}
    repository = {"id": by.id, "name": "notes", "full_name": f"{by.login}/notes", "owner": owner}
    said = {"action": "created", "comment": {"id": who.id, "body": told}}
    return place.deliver("commit_comment", said | {"repository": repository, "sender": owner})


@pytest.fixture(scope="package")
def ledger(place: Place, played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the public ledger as it is once bob's star on alice's repository is in it: in two minutes or three."""
    clone, entry = tmp_path_factory.mktemp("ledger") / "clone", played.told["ids"]["entries"]["bob"]
    until(
        lambda: place.api.ask("GET", "/ledger/checkpoint").status, lambda status: status == 200, LEDGER_S_MAX
    )
    git(clone.parent, "clone", "--quiet", f"{place.house.url}/ledger.git", str(clone))

    def entries() -> list[str]:
        git(clone, "pull", "--quiet", "--ff-only")
        return git(clone, "rev-list", "main").split()

    until(entries, lambda found: entry in found, LEDGER_S_MAX)
    return clone


@pytest.fixture
def commands(
    place: Place, played: Played, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """Said once the demo has been played: while they are said, its entries wait for their minute to be published."""
    return Commands(place, monkeypatch, capsys)

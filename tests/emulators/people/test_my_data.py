"""My data on Google's engine: three ways in, every list, what can be taken back, and all of it to take along."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.gateway.mine import KINDS
from shared.cli.api import Api
from tests.emulators.faulty import until
from tests.emulators.people.commands import Commands
from tests.emulators.people.conftest import Played
from tests.emulators.people.place import Place
from tests.evidence.signing import Signer

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(300)]
LISTS = [kind.name for kind in KINDS]


def test_a_developer_comes_in_once_by_key_and_through_github(
    place: Place, commands: Commands, tmp_path: Path
) -> None:
    lea, operator = Signer(tmp_path / "lea"), place.house.token
    issue = ("token", "issue", "--role", "developer", "--name", "github:61/lea", "--once", "--json")
    once = json.loads(commands.say(operator, *issue))["token"]
    token = commands.say("", "sign-in", "--once", once)
    assert "was used" in commands.fail("", "sign-in", "--once", once)
    commands.say(token, "key", "add", f"{lea.key_file}.pub")
    by_key = commands.say("", "sign-in", "--key", str(lea.key_file))
    stranger = Signer(tmp_path / "stranger")
    assert "no developer registered" in commands.fail("", "sign-in", "--key", str(stranger.key_file))
    me = [place.api.speaking_for(which).get("/api/me") for which in (token, by_key)]
    assert me[0]["name"] == "github:61/lea"
    assert me[1]["developer"] == me[0]["developer"]
    place.accounts.number, place.accounts.login = 61, "lea"
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        page = browser.get(f"{place.house.url}/sign-in/github?next=/me")
        assert (page.status_code, page.url.path) == (200, "/me")
        assert me[0]["developer"] in page.text
        tokens = browser.get(f"{place.house.url}/api/me/tokens").json()["items"]
    assert sorted(row["use"] for row in tokens) == ["one-time", "session", "session", "session"]


def everything(voice: Api) -> dict[str, list[dict[str, Any]]]:
    """All lists, each page by page."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in LISTS:
        found[name], after = [], None
        while True:
            page = voice.get(f"/api/me/{name}", limit=3, after=after)
            found[name] += page["items"]
            after = page["next"]
            if after is None:
                break
    return found


def test_everything_is_listed_and_the_downloads_hold_the_same(
    place: Place, played: Played, commands: Commands, tmp_path: Path
) -> None:
    *_, erin = played.players.developers
    token, laptop = place.token(erin.id, erin.login), Signer(tmp_path / "erin")
    commands.say(token, "key", "add", f"{laptop.key_file}.pub")
    voice = place.api.speaking_for(token)
    # The crawler asks one thing a second, and comes to her last.
    until(partial(voice.get, "/api/me/profile"), lambda found: found["items"] and found["items"][0]["name"])
    shown = everything(voice)
    assert {name: len(rows) > 0 for name, rows in shown.items()} == dict.fromkeys(LISTS, True)
    assert (shown["profile"][0]["name"], shown["profile"][0]["login"]) == (erin.name, erin.login)
    assert {row["evidence"]["grade"] for row in shown["entries"]} == {"platform"}
    whole = voice.get("/api/me/export.json")
    assert {name: whole[name] for name in LISTS} == shown
    archive = zipfile.ZipFile(io.BytesIO(voice.ask("GET", "/api/me/export.zip").content))
    assert archive.testzip() is None
    for name in LISTS:
        rows = list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode(), newline="")))
        assert len(rows) == len(shown[name])
        assert [row.get("evidence.entry") for row in rows if name == "entries"] == [
            row["evidence"]["entry"] for row in shown[name] if name == "entries"
        ]


def test_entries_are_withheld_together_and_released_and_an_opt_in_is_withdrawn(
    place: Place, played: Played
) -> None:
    *_, erin = played.players.developers
    voice, invitation = place.voice(erin.id, erin.login), played.told["ids"]["invitations"]["erin"]
    # Not the commits of the opt-in: without them it is over.
    mine = [row["hash"] for row in voice.get("/api/me/entries")["items"] if row["kind"] == "fork"]
    assert mine

    def standings() -> set[str]:
        rows = voice.get("/api/me/entries")["items"]
        return {row["standing"] for row in rows if row["hash"] in mine}

    assert standings() == {"confirmed"}
    asked = {"entries": [*mine, "f" * 40]}
    outcomes = voice.post("/api/me/withholdings", asked)["results"]
    assert [row["outcome"] for row in outcomes] == ["withholding"] * len(mine) + ["unknown"]
    until(standings, lambda seen: seen == {"withheld"})
    voice.post("/api/me/withholdings", asked | {"withheld": False})
    until(standings, lambda seen: seen == {"confirmed"})
    voice.post(f"/api/me/opt-ins/{invitation}/withdraw")
    ended = until(
        partial(voice.get, "/api/me/opt-ins"), lambda found: found["items"][0]["status"] == "revoked"
    )
    assert ended["items"][0]["invitation"] == invitation
    until(standings, lambda seen: "confirmed" not in seen)
    assert voice.ask("POST", f"/api/me/opt-ins/{invitation}/withdraw").status == 409

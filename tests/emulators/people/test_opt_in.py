"""Two developers on Google's engine: commits of their own, webhooks, and what may be used of them at which moment."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.cli.api import Api
from shared.cli.demo_github import DemoUser
from shared.domain.instants import rfc3339
from tests.cli.git import Developer, developer
from tests.emulators.faulty import until
from tests.emulators.people.commands import Commands
from tests.emulators.people.conftest import Played
from tests.emulators.people.place import Place

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(300)]
PURPOSE = "sprint-match/1"


@dataclass(frozen=True)
class Speaker:
    """A developer with a repository, an account and a token, who says things in commits."""

    commands: Commands
    one: Developer
    number: int
    token: str

    def say(self, *argv: str) -> str:
        """Make the commit and push it; GitHub tells the House. Its hash."""
        before = self.one.git("rev-parse", "main", at=self.one.remote)
        at = self.one.environment
        repository = ("--repo", str(self.one.repository))
        commit = self.commands.say(self.token, *argv, *repository, "--yes", "--push", at=at)
        payload = self.one.home / "push" / "1.json"
        payload.parent.mkdir(exist_ok=True)
        payload.write_text(json.dumps(self._pushed(before)))
        secret = self.commands.place.house.secret.decode()
        assert self.commands.say(self.token, "deliver", "--secret", secret, str(payload)) == (
            "accepted 1, duplicate 0, refused 0"
        )
        return commit

    def _pushed(self, before: str) -> dict[str, Any]:
        git, remote = self.one.git, self.one.remote
        account = {"id": self.number, "login": self.one.login, "type": "User"}
        commits = git("rev-list", "--reverse", f"{before}..main", at=remote).split()
        return {
            "ref": "refs/heads/main",
            "before": before,
            "after": commits[-1],
            "commits": [
                {
                    "id": commit,
                    "message": git("show", "--no-patch", "--format=%B", commit, at=remote),
                    "timestamp": git("show", "--no-patch", "--format=%cI", commit, at=remote),
                }
                for commit in commits
            ],
            "repository": {
                "id": self.number * 10,
                "name": "work",
                "full_name": f"{self.one.login}/work",
                "owner": account,
            },
            "pusher": {"name": self.one.login},
            "sender": account,
        }


@pytest.fixture
def two(place: Place, commands: Commands, tmp_path: Path) -> tuple[Speaker, Speaker]:
    """Ann and Ben, whose numbers GitHub knows."""
    found = []
    for number, login in ((41, "ann"), (42, "ben")):
        place.github.users[login] = DemoUser(number, login.title())
        found.append(Speaker(commands, developer(tmp_path, login), number, place.token(number, login)))
    return found[0], found[1]


def became(api: Api, invitation: str, status: str) -> dict[str, Any]:
    """The opt-in, once it is that."""

    def look() -> dict[str, Any]:
        answer = api.ask("GET", f"/api/optins/{invitation}")
        return answer.body if answer.status == 200 else {"status": "unknown"}

    return until(look, lambda found: found["status"] == status)


def now() -> str:
    return rfc3339(time.time_ns() // 1_000)


def test_two_developers_opt_in_by_commits_and_one_takes_it_back(
    place: Place, two: tuple[Speaker, Speaker]
) -> None:
    ann, ben = two
    voice = place.api.speaking_for(ben.token)
    moments = [now()]
    invitation = ann.say("invite", "@ben", "--expires", "7d")
    assert "github:42/ben" in ann.one.raw(invitation)
    became(voice, invitation, "invited")
    moments.append(now())
    response = ben.say(
        "respond", invitation, "--accept", "--invitation", str(ann.one.repository), "--as", "@ben"
    )
    assert became(voice, invitation, "confirmed")["response"] == response
    moments.append(now())
    wish = {
        "primary": "designer",
        "secondary": "engineer",
        "languages": ["en"],
        "offset_h": 0.0,
        "pool": "of-two",
        "expires_in_s": 3_600,
    }
    voice.post("/api/tickets", wish)
    stands = partial(voice.get, "/api/tickets/mine")
    assert until(stands, lambda mine: mine["status"] == "queued")["opted_in"] is True
    ben.say("revoke", invitation)
    ended = became(voice, invitation, "revoked")
    moments.append(now())
    assert ended["response"] == response
    assert until(stands, lambda mine: mine["opted_in"] is False)["seat"] is None

    answers = [voice.get("/api/consents", at=moment, purpose=PURPOSE) for moment in moments]
    assert [answer["allowed"] for answer in answers] == [False, False, True, False]
    [held], [over] = answers[2]["consents"], answers[3]["consents"]
    assert [(proof["what"], proof["commit"], proof["grade"]) for proof in held["evidence"]] == [
        ("invitation", invitation, "platform"),
        ("response", response, "platform"),
        ("confirmation", None, None),
    ]
    assert (held["until"], over["until"]) == (None, over["evidence"][3]["at"])
    entry = place.api.get(f"/api/entries/{held['evidence'][0]['entry']}")
    assert entry["anchor"] == invitation


def test_what_a_party_withholds_is_out_of_the_log_and_the_results(place: Place, played: Played) -> None:
    """The commit by which dave said yes: without it nothing of what he did in the session may be used."""
    *_, dave, _ = played.players.developers
    ids = played.told["ids"]
    voice = place.voice(dave.id, dave.login)
    invitation = ids["invitations"]["dave"]
    before = results(place, ids["brief"])
    [ballots] = {copy["ballots"] for copy in before["copies"]}
    assert ids["dave"] in {lead["developer"] for lead in before["leads"]}
    response = voice.get(f"/api/optins/{invitation}")["response"]
    entry = voice.get(f"/api/entries/{response}")["hash"]
    voice.post(f"/api/entries/{entry}/withhold")
    became(voice, invitation, "revoked")

    def without_him() -> bool:
        seen = results(place, ids["brief"])
        left = {copy["ballots"] for copy in seen["copies"]} == {ballots - 1}
        return left and ids["dave"] not in {lead["developer"] for lead in seen["leads"]}

    until(without_him, bool)
    after = results(place, ids["brief"])
    assert after["images"][0]["points"] == before["images"][0]["points"] - 8
    assert voice.get(f"/api/entries/{entry}")["standing"] == "withheld"
    assert until(partial(voice.get, "/api/tickets/mine"), lambda mine: not mine["opted_in"])


def results(place: Place, brief: str) -> dict[str, Any]:
    found: dict[str, Any] = place.api.get(f"/api/briefs/{brief}/results")
    return found

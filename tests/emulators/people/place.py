"""Place: a House on the emulators, and the outside that its people need: a GitHub, and Google's keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulators.house import ROUTE, House, running
from shared.cli.api import Api
from shared.cli.demo.cast import Cast
from shared.cli.demo.host import GITHUB_TOKEN
from shared.cli.demo_github import DemoGitHub
from shared.cli.github import request
from tests import google
from tests.emulators.googleapis import GoogleApis
from tests.emulators.people import scan
from tests.emulators.people.scan import Piece
from tests.gateway.github_server import CLIENT, SECRET, GitHub
from tests.loopback import Answer, Asked, Loopback


@dataclass(frozen=True)
class Place:
    """The House, spoken to as its operator; its GitHub's users and accounts; and everything that was said so far."""

    house: House
    api: Api
    github: DemoGitHub
    accounts: GitHub
    github_url: str
    apis: GoogleApis
    said: list[str]
    _sent: list[Piece] = field(default_factory=list)

    def token(self, number: int, login: str) -> str:
        """A developer's, as the operator issues it."""
        named = {"role": "developer", "name": f"github:{number}/{login}"}
        return str(self.api.post("/api/tokens", named)["token"])

    def voice(self, number: int, login: str) -> Api:
        """A developer's own way to the House."""
        return self.api.speaking_for(self.token(number, login))

    def deliver(self, kind: str, payload: Mapping[str, Any]) -> str:
        """Send a webhook as GitHub would; its digest."""
        body, headers = request(kind, json.dumps(payload).encode(), self.house.secret)
        answer = self.api.ask("POST", "/webhooks/github", body, headers)
        assert answer.status == 202, answer.reason
        return str(answer.body["delivery"])

    def everything(self) -> list[Piece]:
        """Every byte that is kept, was sent or was said."""
        house = self.house
        kept = [
            *scan.documents(house.google.firestore, house.project),
            *scan.objects(house.environment["STORAGE_EMULATOR_HOST"]),
            *scan.lines(list(self.said)),
            *scan.files(house.google.folder),
        ]
        # Last, as what is recorded is sent a moment later.
        self._sent.extend(scan.messages(house.google.pubsub, house.project, ROUTE["topics"]))
        return [*kept, *self._sent]


@contextmanager
def place(folder: Path, players: Cast) -> Iterator[Place]:
    """A place whose GitHub shows the players, until the block ends."""
    said: list[str] = []
    with ExitStack() as stack:
        github = stack.enter_context(DemoGitHub(players.profiles()))
        accounts = GitHub()
        outside = stack.enter_context(Loopback(partial(_answered, github, accounts)))
        apis = stack.enter_context(GoogleApis(folder))
        environment = {
            **apis.environment,
            "HOUSE_GITHUB_URL": outside.url,
            "HOUSE_GITHUB_TOKEN": GITHUB_TOKEN,
            "HOUSE_OAUTH_CLIENT_ID": CLIENT,
            "HOUSE_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        house = stack.enter_context(
            running(
                google=google.google(),
                environment=environment,
                given={"oauth": SECRET.encode()},
                sink=lambda line: said.append(str(line)),
            )
        )
        house.topics.watch(ROUTE["topics"])
        yield Place(house, Api.at(house.url, house.token), github, accounts, outside.url, apis, said)


def _answered(github: DemoGitHub, accounts: GitHub, asked: Asked) -> Answer:
    """One GitHub of two: who signs in through it, and what it shows of its users."""
    path = urlsplit(asked.path).path
    if path == "/user" or path.startswith("/login/"):
        return accounts.answer(asked)
    return github.answer(asked)

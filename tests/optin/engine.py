"""A whole House in memory with its front door: webhooks as GitHub sends them, answers as the API gives them."""

import json
from collections.abc import Mapping
from hashlib import sha1
from typing import Any

from functions.intake.app import app as intake
from shared.adapters.keyring import Keyring
from shared.adapters.memory import MemorySecrets
from shared.domain.event import Event, decode
from shared.domain.instants import DAY_US, rfc3339
from shared.domain.optins import OptInConfirmed
from shared.domain.signatures import github_signature
from shared.runtime.edge import Receipt, Submission
from tests.gateway.house import House
from tests.given import HOUSE, SEALS
from tests.intake.asgi import Answer, ask

SECRET = b"It's a Secret to Everybody"
NUMBERS = {"alice": 1, "bob": 2, "carol": 3, "dora": 4, "emil": 5, "fay": 6, "gus": 7, "mallory": 66}


class Door:
    """Intake's hands: as the gateway's, but what it submits is intake's."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.secrets = MemorySecrets({"github": SECRET})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house, name)

    async def submit(self, submission: Submission) -> Receipt:
        receipt = self._house.shells["intake"].accept([submission])[0]
        self._house.settle()
        return receipt


class Engine(House):
    """The House behind its door. The clock moves a second with each delivery."""

    def __init__(self, seals: Keyring = SEALS) -> None:
        super().__init__(seals)
        self._door = intake(Door(self))

    def send(self, event: str, body: bytes, secret: bytes = SECRET) -> Answer:
        """One request to GitHub's webhook."""
        self.clock.move(1_000_000)
        headers = {
            "content-type": "application/json",
            "x-github-event": event,
            "x-hub-signature-256": github_signature(secret, body),
        }
        answer = ask(self._door, "/webhooks/github", body, headers=headers)
        assert answer is not None
        self.clock.move(2)
        self.settle()
        return answer

    def push(self, sender: str, /, *messages: str, **changed: Any) -> str:
        """`sender` pushes commits to a repository of their own; the last one's hash."""
        body = push(sender, *messages, **changed)
        answer = self.send("push", json.dumps(body).encode())
        assert answer.status in (200, 202), answer.body
        return str(body["after"])

    def wait(self, days: float) -> None:
        """Let time pass, and what is due happen."""
        self.clock.move(round(days * DAY_US))
        self.settle()

    def of(self, path: str) -> Any:
        """What the API answers the operator."""
        return self.operator().get(path).json()

    def refusal(self, commit: str) -> str | None:
        """Why the entry of a commit says that it counts for nothing."""
        reason: str | None = self.of(f"/api/entries/{commit}")["refusal"]
        return reason

    def status(self, invitation: str) -> tuple[str, str | None]:
        """What became of an invitation, and why."""
        found = self.of(f"/api/optins/{invitation}")
        return found["status"], found["reason"]

    def happened(self, kind: type[Event]) -> list[Any]:
        """All events of a kind."""
        events = self.store.since(0, 100_000)
        return [body for event in events if isinstance(body := decode(event.type, event.data), kind)]

    @property
    def confirmations(self) -> int:
        """How many opt-ins were ever confirmed."""
        return len(self.happened(OptInConfirmed))

    def expires(self, days: float = 7) -> str:
        """An instant that many days from now."""
        return rfc3339(self.clock.now_us() + round(days * DAY_US))

    def invite(self, to: str = "github:2/bob", days: float = 7, **changed: str) -> str:
        """An inviting message; `changed` are trailers, as in House_Terms="…"."""
        said = {
            "House-Invite": to,
            "House-Purpose": "sprint-match/1",
            "House-Terms": HOUSE.terms,
            "House-Origin": HOUSE.origin,
            "House-Id": sha1(to.encode()).hexdigest()[:32],
            "House-Expires": self.expires(days),
        }
        return message(said | {name.replace("_", "-"): value for name, value in changed.items()})


def accept(invitation: str, **changed: str) -> str:
    """An accepting message."""
    said = {"House-Accept": invitation, "House-Terms": HOUSE.terms, "House-Origin": HOUSE.origin}
    return message(said | {name.replace("_", "-"): value for name, value in changed.items()})


def message(said: Mapping[str, str]) -> str:
    """A message whose last paragraph is these trailers."""
    return "To the House\n\n" + "\n".join(f"{key}: {value}" for key, value in said.items())


def push(sender: str, /, *messages: str, **changed: Any) -> dict[str, Any]:
    """GitHub's payload of a push to the sender's own repository."""
    account = {"id": NUMBERS[sender], "login": sender, "type": "User"}
    commits = [
        {
            "id": sha1(f"{sender} {text}".encode()).hexdigest(),
            "message": text,
            "timestamp": "2026-03-02T09:00:00Z",
            "author": {"name": sender, "email": f"{sender}@example.org", "username": sender},
        }
        for text in messages
    ]
    return {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": commits[-1]["id"],
        "pusher": {"name": sender},
        "commits": commits,
        "repository": {"id": 500 + NUMBERS[sender], "full_name": f"{sender}/work", "owner": account},
        "sender": account,
        **changed,
    }

"""Cast: who plays in one run of the demo. Everyone is made from the run's nonce, so that runs don't meet."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.ids import uuid5
from shared.domain.lanes import Lane

if TYPE_CHECKING:
    from shared.cli.demo_github import DemoUser


@dataclass(frozen=True)
class Developer:
    """One developer: who they are on GitHub, and what they wish of a session. `offset_h` is from UTC."""

    first: str
    login: str
    id: int
    name: str
    status: str
    emoji: str
    primary: Lane
    secondary: Lane
    languages: tuple[str, ...]
    offset_h: float
    introduce: bool

    @property
    def email(self) -> str:
        """The address that GitHub gives those who keep theirs to themselves."""
        return f"{self.id}+{self.login}@users.noreply.github.com"

    @property
    def account(self) -> dict[str, Any]:
        """The developer as payloads show users."""
        return {"login": self.login, "id": self.id, "type": "User"}


@dataclass(frozen=True)
class Cast:
    """Five developers and a client, and the run's own ids. The first developer invites the others."""

    nonce: str
    developers: tuple[Developer, ...]

    @property
    def client(self) -> str:
        """The client's name."""
        return f"The Tide Fund {self.nonce[:6]}"

    @property
    def pool(self) -> str:
        """The pool of this run alone, so that nobody else's ticket is drawn into its session."""
        return f"demo-{self.nonce[:12]}"

    def id(self, *what: str) -> str:
        """An id of 32 hex digits for something of this run."""
        return uuid5("demo", self.nonce, *what)

    def profiles(self) -> dict[str, "DemoUser"]:
        """What a GitHub-shaped server shows of the developers, by login."""
        from shared.cli.demo_github import DemoUser

        return {
            developer.login: DemoUser(
                id=developer.id,
                name=developer.name,
                bio=f"{developer.primary}, sometimes {developer.secondary}",
                orgs=("tide-fund",) if developer.introduce else (),
                status=developer.status,
                emoji=developer.emoji,
            )
            for developer in self.developers
        }


def cast(nonce: str) -> Cast:
    """The players of the run `nonce` (hex, at least 12 digits)."""
    # Above every id GitHub has given so far, so that nobody real is meant.
    first_id = 1_000_000_000 + int(nonce[:7], 16) * 8

    def developer(
        number: int,
        first: str,
        family: str,
        says: tuple[str, str],
        lanes: tuple[Lane, Lane],
        tongue: str,
        offset_h: float,
    ) -> Developer:
        login, (status, emoji) = f"{first}-{nonce[:6]}", says
        languages = tuple(dict.fromkeys(("en", tongue)))
        name, introduce = f"{first.title()} {family}", first in ("bob", "dave", "erin")
        return Developer(
            first, login, first_id + number, name, status, emoji, *lanes, languages, offset_h, introduce
        )

    return Cast(
        nonce,
        (
            developer(
                0, "alice", "Moreau", ("Planning", ":calendar:"), ("facilitator", "researcher"), "fr", 1
            ),
            developer(1, "bob", "Okafor", ("Sketching", ":pencil2:"), ("designer", "marketer"), "en", 1),
            developer(
                2, "carol", "Lindqvist", ("Reading", ":books:"), ("researcher", "facilitator"), "sv", 2
            ),
            developer(3, "dave", "Sharma", ("Building", ":hammer:"), ("engineer", "designer"), "hi", 5.5),
            developer(4, "erin", "Kelly", ("Open to talk", ":wave:"), ("marketer", "engineer"), "ga", 0),
        ),
    )

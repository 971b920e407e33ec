"""What the crawler's tests share: opt-ins between Octo and Ada, and one look through real HTTP."""

import asyncio
from collections.abc import Iterable
from functools import reduce

from functions.crawler.act import act
from functions.crawler.decide import evolve
from shared.adapters.clock import SystemClock
from shared.adapters.web import Limits, PoliteWeb
from shared.cli.demo_github import DemoGitHub, DemoUser
from shared.domain.event import Due, Event, decode, encode, type_of
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.profiles import Profile
from shared.runtime.shapes import Gateways
from tests import outside
from tests.given import HOUSE, NOW_US, arriving

OCTO, ADA = HOUSE.pseudonym("github:1"), HOUSE.pseudonym("github:2")
USERS = {
    "octo": DemoUser(1, "Octo Cat", orgs=("house", "zoo"), status="On a boat", emoji=":boat:", busy=True),
    "ada": DemoUser(2, "Ada", blog=""),
}


def confirmed(invitation: str = "c0ffee", *, logins: tuple[str, str] = ("octo", "ada")) -> OptInConfirmed:
    return OptInConfirmed(invitation, "response", (OCTO, ADA), logins, "sprint-match/1", HOUSE.terms, NOW_US)


def revoked(invitation: str = "c0ffee", *, by: str = OCTO) -> OptInRevoked:
    return OptInRevoked(invitation, (OCTO, ADA), by, NOW_US)


def after(events: Iterable[Event], state: Profile = Profile()) -> Profile:  # noqa: B008  # it is frozen
    return reduce(evolve, events, state)  # type: ignore[arg-type]  # the crawler's own events


def gateways(github_url: str, token: str | None = "token", *, allow_private: bool = True) -> Gateways:
    web = PoliteWeb(SystemClock(), allow_private, "HouseBot/test", Limits(gap_s=0.0))
    return outside.gateways(web, github_url=github_url, github_token=token)


def look(
    github: DemoGitHub | str,
    body: Event,
    state: Profile = Profile(),  # noqa: B008  # it is frozen
    *,
    party: int = 0,
    at_us: int = NOW_US,
    token: str | None = "token",
    allow_private: bool = True,
) -> list[Event]:
    """The events of one input; each survives being stored."""
    url = github if isinstance(github, str) else github.url
    arrived = arriving(body, at_us=at_us, stream=f"profile/{OCTO}")
    events = list(asyncio.run(act(party, state, arrived, gateways(url, token, allow_private=allow_private))))
    assert [decode(type_of(event).name, encode(event)) for event in events] == events
    return events


def due(state: Profile) -> Due:
    assert state.next_at_us is not None
    return Due(state.next_at_us)

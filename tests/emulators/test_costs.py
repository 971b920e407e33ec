"""What a webhook costs on Google Cloud: what the adapters counted, at list prices, and no dearer than was agreed on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared.cli.demo import payloads
from shared.cli.demo.cast import Cast, cast
from shared.cli.demo.repositories import NOTHING, Repository, message
from shared.cli.demo.stage import now_s
from shared.domain.instants import DAY_US, SECOND_US, rfc3339
from shared.runtime.wiring import terms
from tests.emulators.metered import ORIGIN, Metered
from tests.emulators.prices import PRICES, dollars, table

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(300)]
BUDGET = Path(__file__).with_name("budget.json")
"""Operations per webhook as they were when last agreed on, by mix."""
RISE_MAX = 0.05
STRANGERS = 40
MINUTES_MAX = 10
DOLLARS_MAX = 5.0
Webhook = tuple[str, dict[str, Any]]


def strangers(folder: Path, first: int, number: int) -> list[Webhook]:
    """Stars, forks and pushes by people of whom nobody here has ever heard, in turn."""
    found: list[Webhook] = []
    for n in range(first, first + number):
        owner, guest, *_ = cast(f"{n:07x}5eed5eed").developers
        repository = Repository.create(folder / str(n), owner, "sketches", owner.id * 10)
        if n % 4 == 0:
            repository.commit(owner, "Begin", {"README.md": "# Sketches\n"}, now_s())
            found.append(("push", payloads.push(repository, owner, NOTHING)))
        elif n % 4 == 1:
            found.append(("fork", payloads.fork(repository, guest, guest.id * 10 + 1)))
        else:
            found.append(("star", payloads.star(repository, guest, now_s() + n)))
    return found


def of_the_demo(folder: Path, players: Cast) -> list[Webhook]:
    """The deliveries of the demo: four invitations, four answers, three stars and a fork."""
    host, *guests = players.developers
    signed = {"House-Terms": terms(), "House-Origin": ORIGIN}
    asking = Repository.create(folder / "host", host, "tide-tables", host.id * 10)
    answering = Repository.create(folder / "guest", guests[0], "field-notes", guests[0].id * 10)
    found: list[Webhook] = []
    commits: list[str] = []
    for guest in guests:
        before, at_s = asking.head(), now_s()
        asked = {
            "House-Invite": f"github:{guest.login}",
            "House-Purpose": "sprint-match/1",
            **signed,
            "House-Id": players.id("invitation", guest.first),
            "House-Expires": rfc3339(at_s * SECOND_US + 7 * DAY_US),
        }
        text = message("Ask to a sprint", "A two-hour sprint.", asked)
        commits.append(asking.commit(host, text, {f"{guest.first}.md": "# Sprint\n"}, at_s))
        found.append(("push", payloads.push(asking, host, before)))
    for guest, commit in zip(guests, commits, strict=True):
        before = answering.head()
        text = message("Say yes", "I have read the notice.", {"House-Accept": commit, **signed})
        answering.commit(guest, text, {f"{guest.first}.md": "In.\n"}, now_s())
        found.append(("push", payloads.push(answering, guest, before)))
    *stars, last = guests
    found += [("star", payloads.star(asking, guest, now_s())) for guest in stars]
    return [*found, ("fork", payloads.fork(asking, last, last.id * 10 + 1))]


def spent(house: Metered, webhooks: list[Webhook]) -> Counter[str]:
    """What these webhooks cost, with all that time makes of them and the sealing of their events.

    What a minute costs in which nothing happens is left out: it costs that without them, too.
    """
    before = house.costs()
    for kind, payload in webhooks:
        house.deliver(kind, payload)
    for minutes in range(1, MINUTES_MAX):
        begun = house.costs()
        house.minute()
        minute = house.costs() - begun
        if not minute["billed_bytes"]:
            idle = Counter({name: count * minutes for name, count in minute.items()})
            return house.costs() - before - idle
    raise AssertionError(f"something still happens after {MINUTES_MAX} minutes")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Metered:
    """A house that has seen a webhook, and so has what it needs only once."""
    found = Metered()
    for kind, payload in strangers(tmp_path_factory.mktemp("first"), 1_000, 1):
        found.deliver(kind, payload)
    found.minute()
    return found


def agreed(mix: str, counted: Counter[str], webhooks: int) -> None:
    """Hold the operations against the budget, in dollars, as one may be traded for another."""
    budget: dict[str, float] = json.loads(BUDGET.read_bytes())[mix]
    now = {name: counted[name] / webhooks for name in PRICES}
    was, costs = dollars(budget), dollars(now)
    assert costs <= was * (1 + RISE_MAX), (
        f"{mix}: ${costs * 1e6:.2f} a million, agreed was ${was * 1e6:.2f}: {now}"
    )


def test_a_webhook_that_concerns_nobody(
    house: Metered, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = spent(house, strangers(tmp_path, 0, STRANGERS))
    with capsys.disabled():
        print("\n" + table("Webhooks that concern nobody", counted, STRANGERS))
    agreed("nobody", counted, STRANGERS)
    assert dollars(counted) / STRANGERS * 1e6 < DOLLARS_MAX


def test_the_demos_webhooks(house: Metered, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    webhooks = of_the_demo(tmp_path, cast("c057" * 8))
    counted = spent(house, webhooks)
    with capsys.disabled():
        print("\n" + table("The demo's webhooks", counted, len(webhooks)))
    agreed("demo", counted, len(webhooks))


def test_standing_still(house: Metered, capsys: pytest.CaptureFixture[str]) -> None:
    before = house.costs()
    house.minute()
    minute = house.costs() - before
    month = {name: minute[name] * 60 * 24 * 30 for name in PRICES}
    with capsys.disabled():
        print(f"\nStanding still, a month: {month['reads']:,.0f} reads, ${dollars(month):.2f}")
    assert minute["writes"] <= 2, (
        "nothing is written but that the archiver has looked at the log, and at its segments"
    )

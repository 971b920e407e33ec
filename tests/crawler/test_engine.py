"""The crawler's errands in the engine's hands."""

import asyncio

from functions.crawler.main import FUNCTION
from shared.adapters.memory import ManualClock, MemoryBucket, MemoryBus, MemoryStore
from shared.cli.demo_github import DemoGitHub
from shared.domain.event import Recorded, encode, type_of
from shared.domain.ids import uuid5
from shared.domain.instants import DAY_US
from shared.runtime import errands
from shared.runtime.happening import Happening, of
from shared.runtime.shapes import Gateways
from shared.runtime.shell import Ports, Shell
from tests.crawler.looking import ADA, OCTO, USERS, confirmed, gateways
from tests.given import HOUSE, NOW_US, SEALS


def settle(shell: Shell, happening: Happening, through: Gateways) -> list[tuple[str, str]]:
    outcome = asyncio.run(errands.act(shell, happening, through))
    assert outcome.error is None
    return [(event.stream, event.type.split(".")[2]) for event in errands.conclude(shell, [outcome])]


def test_one_opt_in_has_both_parties_looked_at_now_and_each_again_a_day_later() -> None:
    store, body = MemoryStore(), confirmed()
    shell = Shell(FUNCTION, Ports(store, MemoryBus(), MemoryBucket(), ManualClock(NOW_US), HOUSE, SEALS))
    ids = (uuid5("correlation"), uuid5("causation"))
    opt_in = Recorded(
        uuid5("1"), type_of(body).name, "invitation/c0ffee", 1, NOW_US, NOW_US, *ids, encode(body)
    )
    octo, ada = f"profile/{OCTO}", f"profile/{ADA}"
    with DemoGitHub(USERS) as github:
        through = gateways(github.url)
        assert settle(shell, of(opt_in), through) == [
            (octo, "crawl-requested"),
            (octo, "profile-observed"),
            (octo, "site-observed"),
            (ada, "crawl-requested"),
            (ada, "profile-observed"),
        ]
        assert settle(shell, of(opt_in), through) == []
        assert shell.due(NOW_US + DAY_US - 1) == []
        again = [settle(shell, due, through) for due in shell.due(NOW_US + DAY_US)]
        assert sorted(again) == sorted(
            [[(octo, "profile-observed"), (octo, "site-observed")], [(ada, "profile-observed")]]
        )
        assert shell.due(NOW_US + DAY_US) == []

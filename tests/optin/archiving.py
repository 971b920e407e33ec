"""The archiver's errands in a House in memory, which runs none by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from functions.archiver.main import FUNCTION
from shared.adapters.bodies import RawBodies
from shared.domain.archive import Ledger
from shared.domain.event import Event
from shared.domain.instants import MINUTE_US
from shared.domain.packs import holds, index_name
from shared.runtime import errands
from shared.runtime.happening import Happening, of
from tests import outside
from tests.gateway.house import House
from tests.ledger.publishing import NoWeb


class Archiving:
    """The archiver of a House."""

    def __init__(self, house: House) -> None:
        self._house, self._shell = house, house.shells[FUNCTION.name]
        self._gateways = replace(
            outside.gateways(NoWeb(), house.store, house.bucket, house.store),
            bodies=RawBodies(house.store, house.bucket),
            seals=house.seals,
        )

    def slot(self) -> list[Event]:
        """One slot of its schedule; what came of it."""
        self._house.clock.move(MINUTE_US)
        return self._run(errands.scheduled(self._shell, self._house.clock.now_us()))

    def catch_up(self) -> None:
        """What waits for it, and then what is due."""
        events = self._house.bus.pull(self._shell.name, self._shell.reads, 100)
        self._run([of(event) for event in events])
        self._house.bus.acknowledge(self._shell.name, events)
        self._run(self._shell.due(self._house.clock.now_us()))

    def _run(self, inputs: Sequence[Happening]) -> list[Event]:
        made: list[Event] = []
        for happening in inputs:
            outcome = asyncio.run(errands.act(self._shell, happening, self._gateways))
            assert outcome.error is None, outcome.error
            errands.conclude(self._shell, [outcome])
            made += [event for _, event in outcome.events]
        return made

    def published(self) -> set[str]:
        """The entries that the ledger holds."""
        ledger = self._house.state(FUNCTION.name, "checkpoint/log", Ledger) or Ledger()
        indexes = [self._house.bucket.get(index_name(pack.name)) or b"" for pack in ledger.packs]
        entries = [view.stream.partition("/") for view in self._house.store.states("eventlog", limit=10_000)]
        return {name for _, _, name in entries if any(holds(index, name) for index in indexes)}

"""One simulated House: real functions on real shells, between a faulty store, a faulty bus and a scripted outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TypeVar

from shared.adapters.bodies import RawBodies
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.keyring import Keyring
from shared.adapters.memory import ManualClock, MemoryBucket, MemorySecrets
from shared.adapters.ssh_keygen import SshKeygen
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.event import Event, House, Recorded, decode
from shared.domain.identity import pseudonymizer
from shared.domain.ids import uuid5
from shared.domain.instants import HOUR_US, MINUTE_US, SECOND_US
from shared.ports.store import Conflict, View
from shared.runtime.draws import draw
from shared.runtime.edge import Submission
from shared.runtime.errands import act, conclude, scheduled
from shared.runtime.happening import of
from shared.runtime.shapes import Function, Gateways
from shared.runtime.shell import Ports, Shell
from shared.runtime.simulate.deeds import Item, Webhook
from shared.runtime.simulate.doorway import Doorway
from shared.runtime.simulate.faults import Crash, Faults, FaultyBus, FaultyStore, ScriptedWeb
from shared.runtime.simulate.people import People
from shared.runtime.simulate.script import ANSWERING_US, Script
from shared.runtime.worker import upstream

HOUSE = House("https://house.example", "sha256:" + "5e" * 32, pseudonymizer(b"the simulation's pepper"))
STEPS_MAX = 4_000
ROUNDS_MAX = 400
"""More rounds than this until all is at rest, and something goes in circles."""
T = TypeVar("T")


def _seals() -> Keyring:
    """Keys that are the same in every run, as two runs of one seed have to be identical."""
    return Keyring(MemoryVault(), LocalWrapping(bytes(32)), seed=bytes)


class Restless(AssertionError):
    """The world does not come to rest."""


class World:
    """One run. `script_seed` says what people do, `schedule_seed` when what is handled and what goes wrong.

    The schedule also says how hasty people are: whether the House keeps pace with them or falls behind.
    """

    def __init__(self, functions: Sequence[Function], script_seed: int, schedule_seed: int) -> None:
        self.functions = functions
        self.script = Script(script_seed, HOUSE)
        self.dice = Random(f"schedule {schedule_seed}")  # noqa: S311 - reproducible, not secret
        self.faults = Faults(self.dice)
        self.store, self.bus = FaultyStore(self.faults), FaultyBus(self.faults, functions)
        self.clock, self._bucket = ManualClock(self.script.phases[0][0].at_us), MemoryBucket()
        self._seals = _seals()
        self._ports = Ports(self.store, self.bus, self._bucket, self.clock, HOUSE, self._seals)
        web = ScriptedWeb(self.faults)
        self._gateways = Gateways(
            web,
            self._bucket,
            self.store,
            "https://api.github.example",
            None,
            ledger=self._bucket,
            views=self.store,
            bodies=RawBodies(self.store, self._bucket),
            seals=self._seals,
            signer=SecretSigner(MemorySecrets({"ledger": b"5e" * 32}), "ledger"),
            ssh=SshKeygen(),
        )
        self.accepted: dict[str, Item] = {}
        self.refused: list[Webhook] = []
        self.people = People(self.script, self.store)
        self.crashes = 0
        self._haste = self.dice.choice((1, 8))
        self._bodies: dict[str, Event] = {}
        self._loop = asyncio.new_event_loop()
        self._start()

    def _start(self) -> None:
        """Begin with nothing but what is durable."""
        self.shells = {function.name: Shell(function, self._ports) for function in self.functions}
        shells = list(self.shells.values())
        self._upstream = {shell.name: upstream(shell, shells) for shell in shells}
        self._doorway = Doorway(self.shells["intake"])

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()

    def _finished(self, waiting: Awaitable[T]) -> T:
        return self._loop.run_until_complete(waiting)

    # -- one thing at a time

    def step(self, *, draws: bool) -> None:
        """Let one thing happen, or go wrong."""
        self.bus.step()
        happenings: list[tuple[int, Callable[[], object]]] = [
            (self._haste, self._submit),
            (12, self._handle),
            (4, self._run_errands),
            (2, self._tick),
            (2, self._relay),
        ]
        if draws:
            happenings += [(1, self._draw), (1, self._answer), (1, self._jump)]
        weights, chosen = [weight for weight, _ in happenings], [happening for _, happening in happenings]
        self._survive(self.dice.choices(chosen, weights)[0])

    def _survive(self, happening: Callable[[], object]) -> None:
        try:
            happening()
        except (TimeoutError, Conflict):
            pass
        except Crash:
            self.crashes += 1
            self._start()

    def _submit(self) -> None:
        """Give the next deed to the edge; whoever gets no answer sends it again."""
        if not self.people.waiting:
            return
        item = self.people.waiting[0]
        self.clock.move(max(0, item.at_us - self.clock.now_us()))
        if isinstance(item, Webhook):
            key, taken = self._doorway.deliver(item)
        else:
            key, taken = uuid5("request", item.key), True
            submission = Submission(key, uuid5("journey", item.key), item.at_us, ((item.stream, item.body),))
            self.shells["gateway"].accept([submission])
        self.people.waiting.pop(0)
        if taken:
            self.accepted[key] = item
        elif isinstance(item, Webhook):
            self.refused.append(item)

    def _handle(self) -> None:
        name = self.dice.choice(sorted(self.shells))
        shell = self.shells[name]
        if not shell.function.errands and shell.reads:
            self._handle_some(shell, self.dice.randint(1, 6))

    def _handle_some(self, shell: Shell, limit: int) -> int:
        events = self.bus.pull(shell.name, shell.reads, limit)
        if events:
            shell.handle(events)
        return len(events)

    def _run_errands(self) -> int:
        """One input of each function with errands, an event before a tick."""
        ran = 0
        for shell in self.shells.values():
            if not shell.function.errands:
                continue
            events = self.bus.pull(shell.name, shell.reads, 1) if shell.reads else []
            for happening in [of(event) for event in events] or shell.due(self.clock.now_us())[:1]:
                outcome = self._finished(act(shell, happening, self._gateways))
                conclude(shell, [outcome], events)
                ran += 1
        return ran

    def _run_schedules(self) -> None:
        """The slot of every scheduled errand."""
        for shell in self.shells.values():
            for slot in scheduled(shell, self.clock.now_us()):
                conclude(shell, [self._finished(act(shell, slot, self._gateways))])

    def _tick(self) -> int:
        """Wake what is due, by each function's watermark: what is unread or unpublished holds it back."""
        waiting = {name: self._oldest_us(shell) for name, shell in self.shells.items()}
        woken = 0
        for shell in self.shells.values():
            behind = [us for name in self._upstream[shell.name] if (us := waiting[name]) is not None]
            woken += shell.tick(min([self.clock.now_us(), *behind]))
        return woken

    def _oldest_us(self, shell: Shell) -> int | None:
        unread_us = self.bus.oldest_unread_us(shell.name, shell.reads)
        unsent = (event.time_us for event in self.store.outbox(shell.name))
        return min(unsent if unread_us is None else (unread_us, *unsent), default=None)

    def _relay(self) -> int:
        return sum(shell.relay() for shell in self.shells.values())

    def _jump(self) -> None:
        """The clock is set: a little forwards, or back."""
        if self.dice.random() < 0.3:
            self.clock.move(self.dice.randrange(-5 * MINUTE_US, 5 * MINUTE_US))

    def _draw(self) -> int:
        drawn = 0
        for shell in self.shells.values():
            for shape in shell.function.draws:
                every_us = shape.every_s * SECOND_US
                drawn += draw(shell, shape, self.clock.now_us() // every_us * every_us)
        return drawn

    def _answer(self) -> None:
        self.people.answer(self.clock.now_us())

    # -- whole runs

    def live(self) -> None:
        """Everything at once and in disorder, draws included; then what is left, in peace."""
        self.people.waiting = [item for phase in self.script.phases for item in phase]
        self._bustle(draws=True)
        self._finish()

    def live_in_phases(self) -> None:
        """Disorder within each phase, rest between them, draws only at rest: whatever the order, one outcome.

        The clock runs with the script, whose own instants jump, and not by the schedule.
        """
        for phase in self.script.phases:
            self.people.waiting = list(phase)
            self._disorder()
        self._finish(disorderly=True)

    def _disorder(self) -> None:
        self.faults.on = True
        self._bustle(draws=False)
        self.rest()

    def _bustle(self, *, draws: bool) -> None:
        """One thing after another, until all that was to be said has reached the House."""
        for _ in range(STEPS_MAX):
            if not self.people.waiting:
                return
            self.step(draws=draws)

    def _finish(self, *, disorderly: bool = False) -> None:
        """Draw, answer, vote, let windows close, three times over, each time until all is at rest."""
        now_us = max(self.script.end_us + MINUTE_US, self.clock.now_us())
        for pause_us in (10 * SECOND_US, 10 * SECOND_US, MINUTE_US, 2 * HOUR_US, 2 * HOUR_US):
            self.rest()
            now_us += pause_us
            self.clock.move(now_us - self.clock.now_us())
            self._draw()
            self.rest()
            self._answer()
            if disorderly:
                self._disorder()
            # Everybody has answered, and what their answers settle is due.
            now_us += ANSWERING_US
            self.clock.move(now_us - self.clock.now_us())
        self.rest()
        self._run_schedules()
        self.rest()

    def rest(self) -> None:
        """Without any fault, until nothing is left to do.

        Raises:
            Restless: it goes on and on.
        """
        self.faults.on = False
        for _ in range(ROUNDS_MAX):
            busy = self._relay()
            while self.people.waiting:
                self._submit()
            for shell in self.shells.values():
                if not shell.function.errands:
                    busy += self._handle_some(shell, 100)
            busy += self._run_errands() + self._tick()
            if not busy:
                return
        raise Restless(f"not at rest after {ROUNDS_MAX} rounds")

    # -- looking at it

    def states(self, function: str) -> list[View]:
        """Every state of a function, oldest stream first."""
        return self.store.states(function, limit=100_000)[::-1]

    @property
    def log(self) -> list[Recorded]:
        """Everything recorded."""
        return self.store.log

    def bodies(self, kind: type[T]) -> list[tuple[Recorded, T]]:
        """The recorded events of one type, with their bodies."""
        found = ((event, self.body(event)) for event in self.log)
        return [(event, body) for event, body in found if isinstance(body, kind)]

    def body(self, event: Recorded) -> Event:
        """A recorded event's body, decoded once."""
        known = self._bodies.get(event.id)
        if known is None:
            known = self._bodies[event.id] = decode(event.type, event.data)
        return known

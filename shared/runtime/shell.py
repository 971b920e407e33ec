"""The shell: decode, dedupe, load, decide, append, publish, acknowledge. One for all functions.

Nothing outside the shell and the adapters retries, logs delivery, counts or sets ids. A bug parks its
input; a TimeoutError leaves the shell untouched and is retried by whoever drives it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from shared.domain.event import Due, Event, House, Input, Recorded, all_types, type_of
from shared.domain.ids import uuid5
from shared.ports.bucket import Bucket
from shared.ports.bus import Bus
from shared.ports.clock import Clock
from shared.ports.seals import Seals
from shared.ports.store import Conflict, Store
from shared.runtime import raw
from shared.runtime.batch import Batch, Folds
from shared.runtime.edge import Receipt, Rejection, Submission
from shared.runtime.happening import Happening, of
from shared.runtime.letters import Letters
from shared.runtime.sealing import sealed
from shared.runtime.shapes import Decider, Errand, Function, Spread, dead_letters

ATTEMPTS_MAX = 8
"""How often a lost race is decided again before the input is given back to the bus."""
DUE_BATCH = 256
_DUE = type_of(Due).name


@dataclass(frozen=True)
class Ports:
    """Everything a shell touches."""

    store: Store
    bus: Bus
    bucket: Bucket
    clock: Clock
    house: House
    seals: Seals


class Plan(Struct, frozen=True):
    """What an input concerns: (stream, decider) pairs to decide, and the events a spread made of it."""

    happening: Happening
    arrived: Input | None
    units: Sequence[tuple[str, Decider[Any]]] = ()
    spread: Sequence[tuple[str, Event]] = ()
    error: Exception | None = None


class Shell:
    """Runs one function."""

    def __init__(self, function: Function, ports: Ports) -> None:
        self.function, self.name, self.ports = function, function.name, ports
        # An event that was recorded before its type's newest version is read as that version.
        self.reads = frozenset(
            known.name for known in all_types() if type_of(known.body).name in function.reads
        )
        self._families = {_family(name) for name in self.reads}
        kept = dead_letters()
        self.folds = Folds({**function.folds, kept.prefix: kept})
        self.letters = Letters(function, self.folds, ports.store, ports.clock)
        self._deciders: dict[str, list[Decider[Any] | Spread]] = {}
        self._attached: set[str] = set()
        for reader in function.readers:
            for body in reader.reads:
                if not isinstance(reader, Errand):
                    self._deciders.setdefault(type_of(body).name, []).append(reader)
                    if reader.attached:
                        self._attached.add(type_of(body).name)
        self._errand_prefixes = {errand.fold.prefix for errand in function.errands}
        self.counts: Counter[str] = Counter()

    def concerns(self, kind: str) -> bool:
        """Whether events of this type are read here, also in a version that is not known yet: that is parked."""
        return _family(kind) in self._families

    def batch(self) -> Batch:
        """A fresh batch."""
        ports = self.ports
        return Batch(
            self.name, self.folds, ports.store, ports.clock.now_us, lambda body: sealed(body, ports.seals)
        )

    def handle(self, events: Sequence[Recorded]) -> list[Recorded]:
        """Handle events of the bus, in order, in one append; the events that came of them.

        Raises:
            TimeoutError: a store or bus is away, or races were lost too often; nothing is acknowledged.
        """
        emitted = self._settle([of(event) for event in events])
        self.ports.bus.acknowledge(self.name, events)
        return emitted

    def tick(self, watermark_us: int) -> int:
        """Wake the streams whose `due_at` has passed the watermark; how many there were."""
        due = [h for h in self.due(watermark_us) if h.prefix not in self._errand_prefixes]
        if due:
            self._settle(due)
        return len(due)

    def due(self, watermark_us: int) -> list[Happening]:
        """The Due inputs of streams whose `due_at` has passed the watermark, at most `DUE_BATCH`."""
        return [
            Happening(
                uuid5("due", item.stream, str(item.version)),
                _DUE,
                item.correlation,
                watermark_us,
                item.stream,
                item.version,
                tick=Due(item.due_at_us),
            )
            for item in self.ports.store.due(self.name, watermark_us, DUE_BATCH)
        ]

    def _settle(self, happenings: Sequence[Happening]) -> list[Recorded]:
        """Settle them together; where that meets a bug, each by itself, so that only the one it is about is parked.

        Such a bug is in what surrounds a decision: a stream nobody here folds, another function's stream, a state
        that cannot be read or is too large to keep.
        """
        try:
            return self._settle_plans([self._plan(happening) for happening in happenings])
        except TimeoutError:
            raise
        except Exception as error:
            if len(happenings) > 1:
                return [event for happening in happenings for event in self._settle([happening])]
            return self._settle_plans([Plan(happenings[0], None, error=error)])

    def _settle_plans(self, plans: Sequence[Plan]) -> list[Recorded]:
        """Decide and append, again when a race is lost, then publish."""
        for attempt in range(ATTEMPTS_MAX):
            batch = self.batch()
            self._load(batch, plans, optimistic=attempt == 0)
            for plan in plans:
                if not batch.is_handled(plan.happening.id):
                    self._decide(batch, plan)
                elif plan.happening.type == _DUE:
                    batch.undue(plan.happening.stream, plan.happening.id)
            try:
                emitted = batch.append()
            except Conflict:
                self.counts["conflicts"] += 1
                continue
            self.publish(emitted)
            self.counts["handled"] += len(plans)
            return emitted
        raise TimeoutError(f"{self.name} lost {ATTEMPTS_MAX} races for the same streams")

    def _load(self, batch: Batch, plans: Sequence[Plan], *, optimistic: bool) -> None:
        """Load what the plans concern. Streams that begin with their one event are first taken for new."""
        wants = [(stream, plan.happening.id) for plan in plans for stream, _ in plan.units]
        wants += [(self.letters.stream(plan.happening.id), plan.happening.id) for plan in plans if plan.error]
        if not optimistic:
            wants += [(stream, plan.happening.id) for plan in plans for stream, _ in plan.spread]
        if wants:
            batch.load(wants, lazy=True)

    def _plan(self, happening: Happening) -> Plan:
        """Which streams an input concerns. A bug while finding out is kept in the plan."""
        units: list[tuple[str, Decider[Any]]] = []
        spread: list[tuple[str, Event]] = []
        try:
            arrived = self.arrived(happening)
            for reader in self._deciders.get(type_of(arrived.body).name, ()):
                if isinstance(reader, Spread):
                    spread.extend(reader.spread(arrived))
                    if len(spread) > reader.limit:
                        raise ValueError(
                            f"{len(spread)} events of one input, at most {reader.limit} are allowed"
                        )
                elif happening.type != _DUE:
                    units += [(stream, reader) for stream in reader.streams(arrived)]
                elif reader.fold.prefix == happening.prefix:
                    units.append((happening.stream, reader))
            if happening.type == _DUE and not units:
                raise ValueError(f"{happening.stream} is due, and no decider of {self.name} reads Due for it")
        except TimeoutError:
            raise
        except Exception as error:
            return Plan(happening, None, error=error)
        return Plan(happening, arrived, units, spread)

    def arrived(self, happening: Happening) -> Input:
        """The input as a decision sees it, with the raw body where one of its readers asked for it."""
        body = happening.body()
        attachment = None
        if type_of(body).name in self._attached:
            dataref: str | None = getattr(body, "dataref", None)
            store, bucket = self.ports.store, self.ports.bucket
            kept = bucket.get(dataref) if dataref else None
            # Where a large one was forgotten, too, an empty one lies beside the record.
            kept = store.attachment(happening.stream) if kept is None else kept
            attachment = raw.opened(kept, happening.time_us, self.ports.seals)
        return Input(happening.id, happening.time_us, happening.stream, body, self.ports.house, attachment)

    def _decide(self, batch: Batch, plan: Plan) -> None:
        """Decide on one input; a bug parks it and leaves no other trace of it."""
        happening, arrived = plan.happening, plan.arrived
        try:
            if arrived is None:
                raise plan.error or AssertionError("a plan has an input or an error")
            decided = [(stream, body) for stream, body in plan.spread if not batch.held(stream).version]
            for stream, decider in plan.units:
                decided += [(stream, body) for body in decider.decide(batch.held(stream).state, arrived)]
            if happening.type == _DUE:
                self.must_move(batch, happening, decided)
            routed = plan.units[0][0] if plan.units else None
            batch.add(happening.id, happening.correlation, happening.time_us, decided, routed=routed)
        except TimeoutError:
            # The keys are away.
            raise
        except Exception as error:
            self.park(batch, happening, error)

    def must_move(self, batch: Batch, happening: Happening, decided: Sequence[tuple[str, Event]]) -> None:
        """A state that stays due after its Due was handled would wake for ever: that is a bug.

        Raises:
            ValueError: it does.
        """
        working = batch.held(happening.stream)
        state = working.state
        for _, event in decided:
            state = working.fold.evolve(state, event)
        due_at_us = working.fold.due_at_us(state)
        if due_at_us is not None and due_at_us <= happening.time_us:
            raise ValueError(f"{happening.stream} is still due at {due_at_us} after its Due was handled")

    def park(self, batch: Batch, happening: Happening, error: Exception) -> None:
        """Let what met a bug be a dead letter, and count it."""
        self.counts["parked"] += self.letters.put(batch, happening, error)

    def redrive(self, letter: str) -> bool:
        """Decide on a parked input again; whether it went through this time.

        Raises:
            KeyError: there is no such open dead letter, or its input is gone.
        """
        plan = self._plan(self.letters.reopened(letter))
        batch = self.batch()
        self._load(batch, [plan], optimistic=False)
        batch.load([(letter, plan.happening.id)])
        version = batch.held(letter).version
        self._decide(batch, plan)
        went_through = self.letters.close(batch, plan.happening, letter, version)
        self.publish(batch.append())
        return went_through

    def accept(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """Append what HTTP requests brought, all in one append; a repeated request gets its events of then.

        Raises:
            Rejection: 409, one of them repeats the input id of a request about other streams.
            TooLarge: one of them is more than a stream may hold.
            TimeoutError: the store is away, or races were lost too often.
        """
        for attempt in range(ATTEMPTS_MAX):
            batch = self.batch()
            wants = [
                (stream, submission.input_id)
                for submission in submissions
                for stream, _ in submission.events
                if attempt or not self.folds.of(stream).whole
            ]
            if wants:
                batch.load(wants)
            receipts = [self._accept(batch, submission) for submission in submissions]
            try:
                emitted = batch.append()
            except Conflict:
                self.counts["conflicts"] += 1
                continue
            self.publish(emitted)
            self.counts["accepted"] += len(submissions)
            return receipts
        raise TimeoutError(f"{self.name} lost {ATTEMPTS_MAX} races for the same streams")

    def _accept(self, batch: Batch, submission: Submission) -> Receipt:
        streams = dict.fromkeys(stream for stream, _ in submission.events)
        if batch.is_handled(submission.input_id):
            store = self.ports.store
            events = [event for stream in streams for event in store.caused(stream, submission.input_id)]
            in_hand = [event for stream in streams for event in batch.held(stream).events]
            # The first of two equal requests may be in this very batch.
            events = events or [event for event in in_hand if event.causation == submission.input_id]
            if not events:
                detail = "a request with the same key was made before, about something else"
                raise Rejection(409, "Key used before", detail, [("Idempotency-Key", detail)])
            return Receipt(events[0].correlation, tuple(events), duplicate=True)
        for stream in streams:
            batch.held(stream)
        recorded = batch.add(
            submission.input_id, submission.correlation, submission.time_us, submission.events
        )
        if submission.attachment is not None:
            kept = raw.sealed(submission.attachment, submission.time_us, self.ports.seals)
            batch.held(recorded[0].stream).attachment = kept
        return Receipt(submission.correlation, recorded, duplicate=False)

    def publish(self, events: Sequence[Recorded]) -> None:
        """Hand durable events to the bus and take them out of the outbox."""
        if events:
            self.ports.bus.publish(events)
            self.ports.store.sent(events)
            self.counts["emitted"] += len(events)

    def relay(self) -> int:
        """Publish what a crash left durable but unpublished; how many events."""
        left = self.ports.store.outbox(self.name)
        self.publish(left)
        return len(left)


def _family(kind: str) -> str:
    """A type's name without its version."""
    return kind.rpartition(".")[0]

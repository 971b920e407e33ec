"""Every adapter gives the answers of the one in memory, whatever is asked of both."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.domain.event import Recorded
from shared.domain.ids import uuid5
from shared.ports.store import Conflict, NotOwner, Write
from tests.contracts.stores import ADAPTERS, NAMES, OWNERS, START_US, memory, placeless, recorded

FUNCTIONS, KINDS, TAGS = ("f", "g"), ("noted", "heard"), ("a", "b", "c")
STREAMS = tuple(f"{prefix}/{n}" for prefix in ("x", "y") for n in range(3))
CAUSES = tuple(uuid5("cause", str(n)) for n in range(6))
JOURNEYS = ("j", "k")
TYPES = frozenset(f"house.{function}.{kind}.v1" for function in FUNCTIONS for kind in KINDS)

some_tags = st.frozensets(st.sampled_from(TAGS))
a_write = st.tuples(
    st.sampled_from(STREAMS),
    st.integers(-1, 1),  # how far off the expected version is; most often it is right
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.sampled_from(JOURNEYS)), max_size=3),
    st.one_of(st.none(), st.integers(1, 9)),
    some_tags,
    some_tags,
)


class Two(RuleBasedStateMachine):
    """One adapter beside the reference, given the same appends and asked the same questions."""

    name = ""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.both = [ADAPTERS[self.name](Path(self.folder.name)), memory(Path(self.folder.name))]
        self.versions: dict[str, int] = {}
        self.owners: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def asked(self, question: Any) -> Any:
        """The answer of both, which must be one."""
        one, two = (question(adapter) for adapter in self.both)
        assert one == two
        return one

    @rule(
        function=st.sampled_from(FUNCTIONS),
        writes=st.lists(a_write, max_size=3, unique_by=lambda w: w[0]),
        silent=st.lists(st.tuples(st.sampled_from(STREAMS), st.sampled_from(CAUSES)), max_size=2),
    )
    def append(self, function: str, writes: list[Any], silent: list[tuple[str, str]]) -> None:
        made = [one for each in writes if (one := self._write(function, *each)) is not None]
        outcome = self.asked(lambda adapter: _outcome(adapter.store, function, made, silent))
        if outcome is None:
            for write in made:
                self.owners[write.stream] = function
                self.versions[write.stream] = write.expected + len(write.events)
            events = [event for write in made for event in write.events]
            for adapter in self.both:
                adapter.bus.publish(events)

    def _write(
        self, function: str, stream: str, off: int, drafts: Any, due: int | None, add: Any, remove: Any
    ) -> Write | None:
        version = self.versions.get(stream, 0)
        expected = max(0, version + off) if drafts and drafts[0][1] == 0 else version
        events = tuple(
            recorded(
                stream, expected + n, function=function, kind=kind, cause=str(cause), journey=journey,
                time_us=START_US + expected * 10 + n,
            )
            for n, (kind, cause, journey) in enumerate(drafts, 1)
        )  # fmt: skip
        if not expected and (not events or OWNERS[stream[0]] != function):
            return None  # A stream begins with an event of its owner.
        whole = stream.startswith("y/") and version == 0 and len(events) == 1
        return Write(
            stream, expected, events, None if whole else b'{"v":%d}' % expected, due, add, remove - add
        )

    @rule(function=st.sampled_from(FUNCTIONS), limit=st.integers(1, 4), keep=st.integers(0, 4))
    def read(self, function: str, limit: int, keep: int) -> None:
        one, other = self.both
        limit = limit if one.in_order else 1000
        pulled = one.comparable(one.bus.pull(function, TYPES, limit))
        assert pulled == one.comparable(other.bus.pull(function, TYPES, limit))
        kept = {event.id for event in pulled[:keep]}
        for adapter in self.both:
            again = adapter.bus.pull(function, TYPES, limit)
            adapter.bus.acknowledge(function, [event for event in again if event.id in kept])
        assert len(pulled) <= limit

    @rule(stream=st.sampled_from(STREAMS), after=st.integers(0, 4), cause=st.sampled_from(CAUSES))
    def look(self, stream: str, after: int, cause: str) -> None:
        self.asked(lambda adapter: placeless(adapter.store.read(stream, after, 2)))
        self.asked(lambda adapter: placeless(adapter.store.caused(stream, cause)))

    @rule(function=st.sampled_from(FUNCTIONS), until=st.integers(0, 9))
    def wake(self, function: str, until: int) -> None:
        self.asked(lambda a: sorted((d.due_at_us, d.stream, d.version) for d in a.store.due(function, until)))

    @rule(function=st.sampled_from(FUNCTIONS), tag=st.one_of(st.none(), st.sampled_from(TAGS)))
    def find(self, function: str, tag: str | None) -> None:
        def pages(adapter: Any) -> list[Any]:
            found: list[Any] = []
            before: int | None = None
            while page := adapter.store.states(function, tag, before, 2):
                found += [(v.stream, v.version, v.state, v.correlation, v.recorded_us) for v in page]
                before = page[-1].cursor
            return found

        self.asked(pages)

    @invariant()
    def everything_is_the_same(self) -> None:
        if not hasattr(self, "both"):
            return
        wants = [(stream, cause) for stream in STREAMS for cause in CAUSES]
        for function in FUNCTIONS:
            self.asked(lambda a, f=function: a.store.load(f, wants))
            if self.both[0].in_order:
                self.asked(lambda a, f=function: a.bus.oldest_unread_us(f, TYPES) is None)
        for journey in JOURNEYS:
            self.asked(lambda a, j=journey: placeless(a.store.journey(uuid5("correlation", j))))
        if all(adapter.log for adapter in self.both):
            self.asked(lambda a: placeless(a.log.since(0, 1000)))


def _outcome(store: Any, function: str, writes: list[Write], silent: list[tuple[str, str]]) -> str | None:
    try:
        store.append(function, writes, silent)
    except (Conflict, NotOwner):
        # Where both apply, which one an adapter meets first is its own affair.
        return "refused"
    return None


@pytest.mark.parametrize("name", [param for param in NAMES if param != "memory"])
@pytest.mark.timeout(300)
def test_an_adapter_answers_as_the_one_in_memory_does(name: str) -> None:
    machine = type(f"Two{name.title()}", (Two,), {"name": name})
    # A question takes an emulator milliseconds, and each step asks many.
    examples, steps = (20, 20) if name == "google" else (40, 30)
    limits = settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(machine, settings=limits)


def test_recorded_events_carry_every_field_across() -> None:
    event = recorded("x/1", 1)
    assert placeless([event]) == [event], "placeless leaves out a field that Recorded has gained"
    assert set(Recorded.__struct_fields__) - {"position"} == {
        "id", "type", "stream", "version", "time_us", "recorded_us", "correlation", "causation", "data",
    }  # fmt: skip

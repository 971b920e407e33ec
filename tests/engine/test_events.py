"""Rules 1 to 4: events are the truth, one writer a stream, ids are deterministic, decisions see no clock."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.domain.event import Recorded, decode
from shared.domain.ids import event_id, uuid5
from shared.domain.instants import DAY_US
from shared.ports.store import NotOwner, Write
from shared.runtime.batch import encode_state
from shared.runtime.draws import draw
from tests.contracts.stores import ADAPTERS, NAMES
from tests.engine.toys import PAIRS, Toys
from tests.given import NOW_US

SOME = ("tea", "twice", "if open", "open", "if open ", "bug", f"later {NOW_US + 5}", "company", "nobody")
REPOSITORY = Path(__file__).resolve().parents[2]


def busy(toys: Toys) -> None:
    """A bit of everything, handled to the end."""
    for who in ("ann", "bob", "cyd"):
        for what in SOME:
            toys.order(who, what)
    for name in ("toytill", "toypair", "toyship"):
        toys.handle(name)
    toys["toytill"].tick(NOW_US + 5)
    draw(toys["toypair"], PAIRS.draws[0], 10_000_000)


def placed(event: Recorded) -> tuple[str, str, str, int, bytes]:
    return event.id, event.type, event.stream, event.version, event.data


# -- rule 1


def test_every_state_is_the_fold_of_its_events(toys: Toys) -> None:
    busy(toys)
    checked = 0
    for shell in toys.shells.values():
        for view in toys.ports.store.states(shell.name, limit=1000):
            fold = shell.folds.of(view.stream)
            events = toys.ports.store.read(view.stream)
            state = functools.reduce(fold.evolve, (decode(e.type, e.data) for e in events), fold.initial)
            assert view.state == encode_state(state), view.stream
            assert view.version == len(events)
            checked += 1
    assert checked > 30


# -- rule 2


def test_the_events_of_a_stream_have_one_writer_and_no_gap(toys: Toys) -> None:
    busy(toys)
    by_stream: dict[str, list[Recorded]] = {}
    for event in toys.everything():
        by_stream.setdefault(event.stream, []).append(event)
    for events in by_stream.values():
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        assert len({event.function for event in events}) == 1


def test_another_functions_append_is_refused(toys: Toys) -> None:
    toys.order("ann")
    theft = toys.everything()[0]
    with pytest.raises(NotOwner):
        toys.ports.store.append("toytill", [Write(theft.stream, 1, (theft,), None)])


class Overtaken:
    """A store that lets another instance of the function be faster, once, right after `call`."""

    def __init__(self, behind: Any, call: str, overtake: Callable[[], object]) -> None:
        self._behind, self._call, self._overtake = behind, call, [overtake]

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._behind, name)
        if name != self._call or not self._overtake:
            return real

        def overtaken(*args: Any) -> Any:
            answer = real(*args)
            if self._overtake:
                self._overtake.pop()()
            return answer

        return overtaken


def test_a_lost_race_is_decided_again_on_the_new_state(toys: Toys) -> None:
    opened, tea = toys.order("ann", "open").events[0], toys.order("ann", "tea").events[0]
    store: Any = Overtaken(toys.ports.store, "load", lambda: toys["toytill"].handle([opened]))
    slow = Toys(toys.adapter, store=store)["toytill"]
    assert [event.version for event in slow.handle([tea])] == [2]
    assert slow.counts["conflicts"] == 1


def test_a_race_between_two_instances_over_one_input_makes_its_events_once(toys: Toys) -> None:
    tea = toys.order("ann").events[0]
    store: Any = Overtaken(toys.ports.store, "load", lambda: toys["toytill"].handle([tea]))
    assert Toys(toys.adapter, store=store)["toytill"].handle([tea]) == []
    assert [event.function for event in toys.everything()] == ["toyedge", "toytill"]


# -- rule 3


def test_the_nth_event_of_an_input_has_the_id_made_of_function_input_and_n(toys: Toys) -> None:
    ordered = toys.order("ann", "twice").events[0]
    emitted = toys.handle("toytill")
    assert [event.id for event in emitted] == [event_id("toytill", ordered.id, n) for n in range(2)]
    assert ordered.id == event_id("toyedge", uuid5("request", "ann twice"), 0)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "memory"])
def test_the_same_inputs_make_the_same_events_anywhere_and_at_any_time(name: str, tmp_path: Path) -> None:
    logs: list[list[Any]] = []
    for each in (name, "memory"):
        toys = Toys(ADAPTERS[each](tmp_path))
        toys.clock.move(len(logs) * DAY_US)
        busy(toys)
        logs.append([placed(event) for event in toys.everything() if "parked" not in event.type])
    assert logs[0] == logs[1]


def test_a_redelivered_input_changes_nothing_however_late(toys: Toys) -> None:
    busy(toys)
    before = toys.everything()
    states = [toys.ports.store.states(name, limit=1000) for name in toys.shells]
    toys.clock.move(400 * DAY_US)
    for name in ("toytill", "toypair", "toyship"):
        inputs = [event for event in before if event.type in toys[name].reads]
        assert toys[name].handle(inputs) == []
        assert [emitted for event in reversed(inputs) for emitted in toys[name].handle([event, event])] == []
    assert toys.everything() == before
    assert [toys.ports.store.states(name, limit=1000) for name in toys.shells] == states


def test_an_input_delivered_twice_at_once_is_handled_once(toys: Toys) -> None:
    ordered = toys.order("ann").events[0]
    assert len(toys["toytill"].handle([ordered, ordered])) == 1


def test_an_input_that_made_nothing_stays_so_when_it_comes_again(toys: Toys) -> None:
    """Handled now, it would make an event: it was handled then."""
    silent = toys.order("ann", "if open").events[0]
    assert toys["toytill"].handle([silent]) == []
    assert len(toys["toytill"].handle([toys.order("ann", "open").events[0]])) == 1
    assert toys["toytill"].handle([silent]) == []
    assert len(toys["toytill"].handle([toys.order("ann", "if open", "another").events[0]])) == 1


def test_a_spread_makes_each_stream_once(toys: Toys) -> None:
    toys.order("ann", "twice")
    charged = toys.handle("toytill")
    first = toys["toyship"].handle(charged[:1])
    assert [event.version for event in first] == [1, 1]
    rest = toys["toyship"].handle(charged)
    assert {event.causation for event in rest} == {charged[1].id}
    assert len(toys.ports.store.states("toyship", "parcel")) == 4


# -- draws


def test_a_draw_appends_to_several_streams_at_once(toys: Toys) -> None:
    for who in ("ann", "bob", "cyd"):
        toys.order(who, "company")
    toys.handle("toypair")
    assert draw(toys["toypair"], PAIRS.draws[0], 10_000_000) == 3
    made = toys.everything()[-3:]
    seed = uuid5("draw", "toypair", "wish/ann ann", "wish/bob bob", "wish/cyd cyd")
    assert {event.stream: event.id for event in made} == {
        stream: event_id("toypair", seed, n)
        for n, stream in enumerate(["wish/ann", "wish/bob", f"pair/{seed}"])
    }
    assert {event.time_us for event in made} == {10_000_000}
    assert toys.state("toypair", f"pair/{seed}").members == ("ann", "bob")


def test_a_draw_is_of_what_it_saw_and_not_of_its_instant(toys: Toys) -> None:
    drawn = []
    for at_us, house in ((10_000_000, toys), (70_000_000, Toys(ADAPTERS["memory"](Path())))):
        for who in ("ann", "bob", "cyd"):
            house.order(who, "company")
        house.handle("toypair")
        assert draw(house["toypair"], PAIRS.draws[0], at_us) == 3
        drawn.append([(event.id, event.stream) for event in house.everything()[-3:]])
    assert drawn[0] == drawn[1]


def test_a_draw_after_a_draw_is_of_what_is_left(toys: Toys) -> None:
    for who in ("ann", "bob", "cyd", "dan", "eve"):
        toys.order(who, "company")
    toys.handle("toypair")
    assert [draw(toys["toypair"], PAIRS.draws[0], 10_000_000) for _ in range(3)] == [3, 3, 0]
    pairs = [event.stream for event in toys.everything() if event.type == "house.toypair.paired.v1"]
    members = [toys.state("toypair", pair).members for pair in pairs]
    assert members == [("ann", "bob"), ("cyd", "dan")]


def test_a_draw_that_loses_a_race_is_drawn_again_from_the_new_states(toys: Toys) -> None:
    for who in ("ann", "bob", "cyd"):
        toys.order(who, "company")
    toys.handle("toypair")
    leave = toys.order("ann", "leave").events[0]
    store: Any = Overtaken(toys.ports.store, "states", lambda: toys["toypair"].handle([leave]))
    slow = Toys(toys.adapter, store=store)["toypair"]
    assert draw(slow, PAIRS.draws[0], 10_000_000) == 3
    assert slow.counts["conflicts"] == 1
    [pair] = [event for event in toys.everything() if event.type == "house.toypair.paired.v1"]
    assert toys.state("toypair", pair.stream).members == ("bob", "cyd")


# -- rule 4


def test_a_decision_sees_the_events_time_and_not_the_clocks(toys: Toys) -> None:
    toys.order("ann", at_us=1_000)
    toys.clock.move(DAY_US)
    emitted = toys.handle("toytill")
    assert [(e.time_us, e.recorded_us) for e in emitted] == [(1_000, NOW_US + DAY_US)]


def test_a_due_input_carries_the_watermark(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    toys.clock.move(DAY_US)
    toys["toytill"].tick(NOW_US + 7)
    assert [event.time_us for event in toys.everything()][-1] == NOW_US + 7


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("functions/*/decide*")), ids=lambda p: p.parent.name)
def test_decisions_import_no_clock_no_randomness_and_no_io(path: Path) -> None:
    impure = {
        "os",
        "time",
        "random",
        "secrets",
        "logging",
        "socket",
        "sqlite3",
        "httpx",
        "asyncio",
        "datetime",
    }
    for module in [path] if path.is_file() else path.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not impure & {name.split(".")[0] for name in names}, module

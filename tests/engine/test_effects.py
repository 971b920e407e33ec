"""Rules 9 and 10: effects once, and nothing lost between an append and its publishing."""

import asyncio
from typing import Any

import pytest

from shared.domain.event import Recorded
from shared.ports.store import Conflict
from shared.runtime.batch import encode_state
from shared.runtime.errands import act, conclude, redrive
from shared.runtime.happening import of
from tests.engine.toys import Toys


def charged(toys: Toys, who: str = "ann", what: str = "tea") -> Recorded:
    """An input for the courier."""
    toys.order(who, what)
    toys.handle("toytill")
    return unread(toys)[-1]


def run(toys: Toys, event: Recorded) -> list[Recorded]:
    shell = toys["toycourier"]
    return conclude(shell, [asyncio.run(act(shell, of(event), toys.gateways))], [event])


def unread(toys: Toys) -> list[Recorded]:
    return toys.ports.bus.pull("toycourier", toys["toycourier"].reads, 10)


def test_what_came_of_an_errand_is_an_event(toys: Toys) -> None:
    event = charged(toys)
    [sent] = run(toys, event)
    assert (sent.causation, sent.correlation) == (event.id, event.correlation)
    assert toys.state("toycourier", "sent/ann").answers == ("done",)
    assert unread(toys) == []


def test_an_effect_that_failed_for_good_is_an_event_too(toys: Toys) -> None:
    toys.site.away = True
    run(toys, charged(toys))
    assert toys.state("toycourier", "sent/ann").answers == ("nobody there",)


def test_a_redelivered_input_has_its_effect_once(toys: Toys) -> None:
    event = charged(toys)
    run(toys, event)
    assert run(toys, event) == []
    assert toys.site.asked == ["http://courier/ann"]


def test_an_errand_whose_stream_moved_meanwhile_is_run_again_on_the_new_state(toys: Toys) -> None:
    first, second = charged(toys), charged(toys, "ann", "cake")
    shell = toys["toycourier"]
    out = asyncio.run(act(shell, of(second), toys.gateways))
    run(toys, first)
    with pytest.raises(Conflict):
        conclude(shell, [out], [second])
    assert unread(toys) == [second], "it is not acknowledged"
    assert len(run(toys, second)) == 1
    assert toys.state("toycourier", "sent/ann").answers == ("done", "done")


def test_two_couriers_with_one_input_make_its_events_once(toys: Toys) -> None:
    event = charged(toys)
    shell = toys["toycourier"]
    both = [asyncio.run(act(shell, of(event), toys.gateways)) for _ in range(2)]
    assert [len(conclude(shell, [outcome], [event])) for outcome in both] == [1, 0]


def test_an_errand_that_times_out_is_not_acknowledged(toys: Toys) -> None:
    event = charged(toys)
    toys.site.slow = True
    with pytest.raises(TimeoutError):
        run(toys, event)
    assert unread(toys) == [event]
    assert toys.letters("toycourier") == []
    toys.site.slow = False
    assert len(run(toys, event)) == 1


def test_an_errands_bug_is_parked_and_can_be_driven_again(
    toys: Toys, capsys: pytest.CaptureFixture[str]
) -> None:
    event = charged(toys, what="errand bug")
    run(toys, event)
    [letter] = toys.letters("toycourier")
    assert "no wheels" in letter.error
    assert "no wheels" in letter.stack
    [parked] = toys.ports.store.read(f"parked/toycourier/{event.id}")
    said = capsys.readouterr().err
    assert "RuntimeError at tests/engine/toys.py:" in said
    assert "no wheels" not in said + parked.data.decode(), (
        "an errand sees people's words, and its bugs repeat them"
    )
    assert unread(toys) == []
    name = f"parked/toycourier/{event.id}"
    assert not asyncio.run(redrive(toys["toycourier"], name, toys.gateways))
    assert len(toys.letters("toycourier")) == 1


def test_states_are_rebuilt_without_any_effect(toys: Toys) -> None:
    """Replay folds outcomes; it has no gateway to be dry about."""
    run(toys, charged(toys))
    shell = toys["toycourier"]
    again = Toys(toys.adapter)["toycourier"].folds.of("sent/ann")
    state: Any = again.initial
    for event in toys.ports.store.read("sent/ann"):
        state = again.evolve(state, of(event).body())
    view = shell.ports.store.state("toycourier", "sent/ann")
    assert view is not None
    assert encode_state(state) == view.state
    assert toys.site.asked == ["http://courier/ann"]


# -- rule 10


class Cut:
    """A bus in front of a real one that the power leaves before it publishes."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def publish(self, events: Any) -> None:
        raise SystemExit("power cut")


def test_what_was_appended_before_a_crash_is_published_after_it(toys: Toys) -> None:
    toys.order("ann", "twice")
    crashing: Any = Cut(toys.ports.bus)
    before = Toys(toys.adapter, bus=crashing)["toytill"]
    with pytest.raises(SystemExit):
        before.handle(toys.ports.bus.pull("toytill", before.reads, 10))
    restarted = Toys(toys.adapter)
    restarted["toytill"].relay()
    assert restarted.handle("toytill") == [], "it was handled, though not acknowledged"
    assert len(restarted.handle("toyship")) == 4
    assert restarted["toytill"].relay() == 0


def test_what_was_accepted_before_a_crash_is_published_after_it(toys: Toys) -> None:
    crashing: Any = Cut(toys.ports.bus)
    with pytest.raises(SystemExit):
        Toys(toys.adapter, bus=crashing).order("ann")
    restarted = Toys(toys.adapter)
    assert restarted.order("ann").duplicate
    restarted["toyedge"].relay()
    assert len(restarted.handle("toytill")) == 1
    restarted["toyedge"].relay()
    assert restarted.handle("toytill") == []

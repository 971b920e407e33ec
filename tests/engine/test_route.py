"""Rules 5 and 6: correlation reaches everything; streams keep their order; time is the watermark's."""

import asyncio
import json

import pytest

from shared.domain.event import Recorded
from shared.domain.ids import correlation_id, uuid5
from shared.runtime.errands import act, conclude
from shared.runtime.happening import of
from shared.runtime.worker import upstream
from tests.contracts.stores import placeless
from tests.engine.toys import Toys
from tests.given import NOW_US


def driven(toys: Toys) -> list[Recorded]:
    """Every function, errands too, until nothing is left; the log."""
    for name in ("toytill", "toypair", "toyship"):
        toys.handle(name)
    courier = toys["toycourier"]
    for event in toys.ports.bus.pull("toycourier", courier.reads, 100):
        conclude(courier, [asyncio.run(act(courier, of(event), toys.gateways))], [event])
    return toys.everything()


def test_correlation_reaches_every_event_and_state_and_causation_names_the_input(toys: Toys) -> None:
    receipts = {order: toys.order("ann", order) for order in ("tea", "bug", "errand bug", "company")}
    log = driven(toys)
    by_id = {event.id: event for event in log}
    assert len(log) > 10
    for event in log:
        cause = by_id.get(event.causation)
        if cause is None:
            assert event.function == "toyedge"
            assert event.causation in {uuid5("request", f"ann {order}") for order in receipts}
        else:
            assert event.correlation == cause.correlation
    for receipt in receipts.values():
        journey = toys.ports.store.journey(receipt.correlation)
        assert journey == [event for event in log if event.correlation == receipt.correlation]
        assert len(journey) > 1
    for view in toys.ports.store.states("toyship", "parcel"):
        assert view.correlation in {receipt.correlation for receipt in receipts.values()}


def test_correlation_travels_on_the_bus_and_in_the_cloudevent(toys: Toys) -> None:
    receipt = toys.order("ann")
    [event] = toys.ports.bus.pull("toytill", toys["toytill"].reads, 1)
    assert placeless([event]) == placeless(receipt.events)
    cloudevent = event.cloudevent()
    assert cloudevent["correlationid"] == receipt.correlation
    assert cloudevent["causationid"] == uuid5("request", "ann tea")
    assert cloudevent["traceparent"].split("-")[1] == receipt.correlation


def test_a_due_and_what_follows_from_it_keep_their_streams_correlation(toys: Toys) -> None:
    receipt = toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    toys["toytill"].tick(NOW_US + 5)
    assert {event.correlation for event in toys.everything()} == {receipt.correlation}


def test_a_log_line_has_the_correlation_and_no_body(toys: Toys, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = toys.order("somebody-private", "bug")
    toys.handle("toytill")
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["correlationid"] == receipt.correlation
    assert (line["severity"], line["kind"], line["function"]) == ("ERROR", "bug", "toytill")
    assert "somebody-private" not in json.dumps(line)


@pytest.mark.parametrize(
    ("incoming", "kept"),
    [
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("0" * 32, None),
        ("4bf92f3577b34da6a3ce929d0e0e473", None),
        ("4bf92f3577b34da6-a3ce929d-0e0e-4736-", None),
        ("x" * 32, None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_valid_incoming_correlation_is_kept(incoming: str | None, kept: str | None) -> None:
    assert correlation_id(incoming) == kept


# -- rule 6


def test_a_streams_events_are_handled_in_version_order(toys: Toys) -> None:
    toys.order("ann", "twice")
    toys.handle("toytill")
    pulled = toys.ports.bus.pull("toyship", toys["toyship"].reads, 10)
    assert [event.version for event in pulled] == [1, 2]


def test_many_inputs_of_one_stream_in_one_append_see_each_other(toys: Toys) -> None:
    for n in range(5):
        toys.order("ann", f"cake {n}")
    emitted = toys.handle("toytill")
    assert [event.version for event in emitted] == [1, 2, 3, 4, 5]
    assert toys.state("toytill", "account/ann").charged == tuple(f"cake {n}" for n in range(5))


def test_nothing_is_due_before_the_watermark(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    toys.clock.move(1_000)
    assert toys["toytill"].tick(NOW_US + 4) == 0
    assert toys["toytill"].tick(NOW_US + 5) == 1
    assert toys["toytill"].tick(NOW_US + 5) == 0


def test_a_due_stream_that_moved_on_is_woken_for_its_new_time_only(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    stale = toys["toytill"].due(NOW_US + 5)
    toys.order("ann", f"later {NOW_US + 9}")
    toys.handle("toytill")
    assert [due.id for due in toys["toytill"].due(NOW_US + 9)] != [due.id for due in stale]
    assert toys["toytill"].tick(NOW_US + 5) == 0


def test_a_window_waits_for_the_unread_events_of_all_who_may_still_bring_input(toys: Toys) -> None:
    shells = list(toys.shells.values())
    assert upstream(toys["toyship"], shells) == {"toyship", "toytill", "toyedge"}
    assert upstream(toys["toytill"], shells) == {"toytill", "toyedge"}
    assert upstream(toys["toypair"], shells) == {"toypair", "toyedge"}

"""Rules 7 and 8: a bug parks its input and the rest goes on; a timeout loses nothing; bad input stops at the edge."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.domain.event import Due, Event, Input
from shared.domain.ids import uuid5
from shared.ports.store import STATE_SIZE_BYTES_MAX, Write
from shared.runtime import raw
from shared.runtime.edge import Rejection, Submission
from shared.runtime.shapes import Decider, Fold, Function
from tests.contracts.stores import ADAPTERS, NAMES, recorded
from tests.engine.toys import (
    ACCOUNT,
    COURIER,
    EDGE,
    Account,
    Charged,
    Ordered,
    Toys,
    account_of,
    charge,
    order,
    till,
)
from tests.given import NOW_US


def mended(state: Account, arrived: Input) -> Sequence[Event]:
    """The till's decision after a fix."""
    what = getattr(arrived.body, "what", "")
    return [Charged("ann", "mended")] if what in ("bug", "evolve bug") else charge(state, arrived)


@pytest.mark.parametrize("what", ["bug", "evolve bug", "lost", "foreign"])
def test_a_bug_parks_its_input_and_the_rest_goes_on(toys: Toys, what: str) -> None:
    for who, wish in (("ann", "tea"), ("ann", what), ("ann", "cake"), ("bob", "tea")):
        toys.order(who, wish)
    toys.handle("toytill")
    assert toys.state("toytill", "account/ann").charged == ("tea", "cake")
    assert toys.state("toytill", "account/bob").charged == ("tea",)
    [letter] = toys.letters("toytill")
    assert letter.input_id == toys.everything()[1].id
    assert letter.source_stream == toys.everything()[1].stream
    assert "Traceback" in letter.stack
    assert toys.handle("toytill") == [], "the parked input is acknowledged"


def test_a_parked_input_that_comes_again_is_not_parked_twice(toys: Toys) -> None:
    bug = toys.order("ann", "bug").events[0]
    toys.handle("toytill")
    before = toys.everything()
    toys["toytill"].handle([bug])
    assert toys.everything() == before


def test_a_parked_input_goes_through_after_a_fix(toys: Toys) -> None:
    bug = toys.order("ann", "bug").events[0]
    toys.handle("toytill")
    letter = f"parked/toytill/{bug.id}"
    assert not toys["toytill"].redrive(letter), "not before the fix"
    assert toys.letters("toytill")
    fixed = Toys(toys.adapter, (EDGE, till(mended)))
    assert fixed["toytill"].redrive(letter)
    assert fixed.state("toytill", "account/ann").charged == ("mended",)
    assert fixed.letters("toytill") == []
    assert len({event.id for event in fixed.everything()}) == len(fixed.everything())
    charged = next(event for event in fixed.everything() if event.type == "house.toytill.charged.v1")
    assert (charged.causation, charged.correlation) == (bug.id, bug.correlation)
    with pytest.raises(KeyError):
        fixed["toytill"].redrive(letter)
    assert fixed["toytill"].handle([bug]) == []


def test_an_undecodable_event_is_parked(toys: Toys) -> None:
    bad = recorded("order/bad", 1, function="toyedge", kind="ordered", data=b'{"who":7}')
    unknown = recorded("order/odd", 1, function="toyedge", kind="ordered", data=b"not json")
    toys.ports.store.append(
        "toyedge", [Write("order/bad", 0, (bad,), b"{}"), Write("order/odd", 0, (unknown,), b"{}")]
    )
    toys.ports.bus.publish([bad, unknown])
    toys.order("ann")
    toys.handle("toytill")
    assert sorted(letter.error.split(":")[0] for letter in toys.letters("toytill")) == ["Undecodable"] * 2
    assert toys.state("toytill", "account/ann").charged == ("tea",)


def test_a_state_too_large_to_keep_parks_its_input_and_the_rest_goes_on(toys: Toys) -> None:
    half = STATE_SIZE_BYTES_MAX // 2
    toys.order("ann", "x" * half)
    toys.order("ann", "y" * half)
    toys.order("bob")
    toys.handle("toytill")
    assert [letter.error.split(":")[0] for letter in toys.letters("toytill")] == ["TooLarge"]
    assert toys.state("toytill", "account/bob").charged == ("tea",)
    assert toys.state("toytill", "account/ann").charged == ("x" * half,)


def test_a_spread_over_its_limit_is_parked(toys: Toys) -> None:
    toys.order("ann", "too many")
    toys.handle("toytill")
    toys.handle("toyship")
    assert [letter.error for letter in toys.letters("toyship")] == [
        "ValueError: 4 events of one input, at most 3 are allowed"
    ]


def test_a_due_that_moves_nothing_is_parked_and_does_not_come_again(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5} stuck")
    toys.order("bob", f"later {NOW_US + 5}")
    toys.handle("toytill")
    assert toys["toytill"].tick(NOW_US + 5) == 2
    assert "is still due" in toys.letters("toytill")[0].error
    assert toys.state("toytill", "account/bob").due_at_us is None
    assert toys["toytill"].tick(NOW_US + 6) == 0


def test_a_due_that_nobody_reads_is_parked_and_does_not_come_again(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    deaf = Function("toytill", "tills", (Decider(ACCOUNT, (Ordered,), account_of, charge),))
    shell = Toys(toys.adapter, (EDGE, deaf))["toytill"]
    assert shell.tick(NOW_US + 5) == 1
    assert shell.tick(NOW_US + 6) == 0
    assert len(toys.letters("toytill")) == 1


class Unlike(msgspec.Struct, frozen=True):
    """A state as a careless change might leave it: what is kept cannot be read as this."""

    opened: str = ""


def test_a_due_whose_state_cannot_be_read_is_parked_and_does_not_come_again(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5}")
    toys.handle("toytill")
    before = toys.ports.store.state("toytill", "account/ann")
    fold: Fold[Any] = Fold("account", Unlike, Unlike(), lambda state, _: state)
    changed = Function("toytill", "tills", (Decider(fold, (Ordered, Due), account_of, charge),))
    shell = Toys(toys.adapter, (EDGE, changed))["toytill"]
    assert shell.tick(NOW_US + 5) == 1
    assert shell.tick(NOW_US + 6) == 0
    assert len(toys.letters("toytill")) == 1
    assert toys.ports.store.state("toytill", "account/ann") == before


def test_a_function_does_not_mix_errands_with_decisions() -> None:
    decider = Decider(ACCOUNT, (Ordered,), account_of, charge)
    with pytest.raises(ValueError, match="functions of their own"):
        Function("toytill", "tills", (decider, COURIER.errands[0]))


def test_a_stream_moves_on_after_its_due_was_parked(toys: Toys) -> None:
    toys.order("ann", f"later {NOW_US + 5} stuck")
    toys.handle("toytill")
    toys["toytill"].tick(NOW_US + 5)
    toys.order("ann", f"later {NOW_US + 9}", "again")
    toys.handle("toytill")
    assert toys.state("toytill", "account/ann").due_at_us == NOW_US + 9
    assert [due.due_at_us for due in toys["toytill"].ports.store.due("toytill", NOW_US + 9)] == [NOW_US + 9]


# -- timeouts


class Tired:
    """A store or bus in front of a real one, of which one call times out, before or after it was done."""

    def __init__(self, behind: Any, call: str, after: bool) -> None:
        self._behind, self._call, self._after, self._left = behind, call, after, 1

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._behind, name)
        if name != self._call or not self._left:
            return real

        def tired(*args: Any) -> Any:
            self._left -= 1
            if self._after:
                real(*args)
            raise TimeoutError(name)

        return tired


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("port", "call"), [("store", "load"), ("store", "append"), ("bus", "publish"), ("bus", "acknowledge")]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_timeout_acknowledges_nothing_and_its_retry_makes_each_event_once(
    name: str, port: str, call: str, after: bool, tmp_path: Path
) -> None:
    adapter = ADAPTERS[name](tmp_path)
    toys = Toys(adapter)
    toys.order("ann", "twice")
    toys.order("bob", "if open")
    waiting = toys.ports.bus.pull("toytill", toys["toytill"].reads, 10)
    tired = Tired(getattr(adapter, port), call, after)
    shells = Toys(adapter, **{port: tired})  # type: ignore[arg-type]  # stands for the port
    with pytest.raises(TimeoutError):
        shells["toytill"].handle(waiting)
    if not (call == "acknowledge" and after):
        assert shells.ports.bus.pull("toytill", toys["toytill"].reads, 10) == waiting
    shells["toytill"].handle(waiting)
    shells["toytill"].relay()
    assert [event.function for event in toys.everything()] == ["toyedge", "toyedge", "toytill", "toytill"]
    assert len(toys.handle("toyship")) == 4, "what the timeout kept from the bus was relayed"
    assert toys.ports.store.outbox("toytill") == []


# -- rule 8


def test_a_problem_document_names_the_field() -> None:
    rejection = Rejection(400, "Bad ticket", "lane: expected a lane", [("lane", "expected a lane")], 3)
    assert json.loads(rejection.document("ab" * 16)) == {
        "type": "about:blank",
        "title": "Bad ticket",
        "status": 400,
        "detail": "lane: expected a lane",
        "correlationid": "ab" * 16,
        "errors": [{"field": "lane", "detail": "expected a lane"}],
    }


def test_a_key_used_for_something_else_is_refused_and_leaves_nothing(toys: Toys) -> None:
    key, journey = uuid5("request", "key"), uuid5("journey", "key")
    toys["toyedge"].accept([Submission(key, journey, NOW_US, (("basket/1", Ordered("ann")),))])
    other = Submission(key, journey, NOW_US, (("basket/2", Ordered("ann")),))
    with pytest.raises(Rejection) as refused:
        toys["toyedge"].accept([other])
    assert refused.value.status == 409
    assert len(toys.everything()) == 1


# -- accepting


def test_a_repeated_request_gets_the_events_of_then(toys: Toys) -> None:
    first = toys.order("ann", key="k")
    repeated = msgspec.structs.replace(order("ann", key="k"), correlation=uuid5("another"), time_us=9)
    again = toys["toyedge"].accept([repeated])[0]
    assert (first.duplicate, again.duplicate) == (False, True)
    assert [event.id for event in again.events] == [event.id for event in first.events]
    assert again.correlation == first.correlation
    assert len(toys.everything()) == 1


def test_equal_requests_in_one_batch_are_one(toys: Toys) -> None:
    receipts = toys["toyedge"].accept([order("ann", key="k"), order("bob"), order("ann", key="k")])
    assert [receipt.duplicate for receipt in receipts] == [False, False, True]
    assert receipts[0].events == receipts[2].events
    assert len(toys.everything()) == 2


def test_a_batch_of_which_some_are_known_keeps_the_new_ones(toys: Toys) -> None:
    toys.order("ann", key="k")
    receipts = toys["toyedge"].accept([order("bob"), order("ann", key="k"), order("cyd")])
    assert [receipt.duplicate for receipt in receipts] == [False, True, False]
    assert len(toys.everything()) == 3


def test_a_raw_body_is_kept_sealed_with_the_first_stream(toys: Toys) -> None:
    submission = msgspec.structs.replace(order("ann"), attachment=b"raw")
    toys["toyedge"].accept([submission])
    kept = toys.ports.store.attachment(submission.events[0][0])
    assert b"raw" not in (kept or b"raw")
    assert raw.opened(kept, submission.time_us, toys.ports.seals) == b"raw"

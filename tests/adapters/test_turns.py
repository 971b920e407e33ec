"""One host is asked in turns, a second apart; others do not wait for it."""

import asyncio
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.web import Limits, Turns
from shared.domain.instants import SECOND_US
from shared.ports.web import Unreachable
from tests.adapters.asking import run, told, web
from tests.loopback import Loopback


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3 * SECOND_US)), max_size=40))
def test_turns_of_a_host_are_a_second_apart_and_in_order(requests: list[tuple[str, int]]) -> None:
    turns, now_us, starts = Turns(Limits()), 0, dict[str, list[int]](a=[], b=[])
    for host, pause_us in requests:
        now_us += pause_us
        starts[host].append(now_us + turns.take(host, now_us))
    for of_host in starts.values():
        assert all(later - earlier >= SECOND_US for earlier, later in pairwise(of_host))


def test_hosts_do_not_wait_for_each_other() -> None:
    turns = Turns(Limits())
    assert [turns.take("a", 0), turns.take("b", 0), turns.take("a", 0)] == [0, 0, SECOND_US]


def test_a_host_that_rested_is_asked_at_once() -> None:
    turns = Turns(Limits())
    turns.take("a", 0)
    assert turns.take("a", 5 * SECOND_US) == 0


def test_a_queue_longer_than_a_minute_is_refused() -> None:
    turns = Turns(Limits())
    assert [turns.take("a", 0) for _ in range(61)] == [n * SECOND_US for n in range(61)]
    with pytest.raises(Unreachable, match="waiting for this host"):
        turns.take("a", 0)
    assert turns.take("a", SECOND_US) == 60 * SECOND_US


def test_a_clock_that_is_set_back_blocks_no_host() -> None:
    turns = Turns(Limits())
    turns.take("a", 86_400 * SECOND_US)
    assert turns.take("a", 0) == 0


def test_the_table_of_hosts_is_bounded_and_forgets_who_rests() -> None:
    turns = Turns(Limits(hosts_max=2))
    turns.take("a", 0)
    turns.take("b", 0)
    with pytest.raises(Unreachable, match="too many hosts"):
        turns.take("c", 0)
    assert turns.take("c", SECOND_US) == 0


def test_requests_wait_for_their_turn() -> None:
    async def three() -> None:
        polite = web(Limits(gap_s=0.1))
        await asyncio.gather(*(polite.get(server.url) for _ in range(3)))

    with Loopback(told) as server:
        began = time.monotonic()
        run(three())
        assert time.monotonic() - began >= 0.19
        assert len(server.asked) == 3

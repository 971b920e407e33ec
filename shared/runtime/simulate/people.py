"""The people of a simulated world: what they have to say next, and what they answer to what the House did."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from shared.domain.brief_results import BriefResult
from shared.domain.entries import EntryRecorded
from shared.domain.leads import Leads
from shared.domain.matches import Session
from shared.ports.store import Store, View
from shared.runtime.simulate.deeds import Item
from shared.runtime.simulate.script import Script

T = TypeVar("T")


class People:
    """Everybody in one world. `waiting` are their deeds that have not reached the House, in order."""

    def __init__(self, script: Script, store: Store) -> None:
        self._script, self._store = script, store
        self.waiting: list[Item] = []
        self._asked: set[str] = set()

    def answer(self, now_us: int) -> None:
        """See what the House proposes, and answer once, each in their own time."""
        asked_before = len(self.waiting)
        for view in reversed(self._store.states("eventlog", limit=1_000)):
            self._ask(view.stream, partial(self._script.withheld, _read(view, EntryRecorded), now_us))
        for view in reversed(self._store.states("matchmaker", limit=1_000)):
            if not view.stream.startswith("session/"):
                continue
            session = _read(view, Session)
            if session.proposed is not None and session.status == "proposed":
                self._ask(view.stream, partial(self._script.seats_taken, session.proposed, now_us))
            if session.formed is not None:
                brief = self._store.state("aggregator", f"brief/{session.formed.brief}")
                if brief is not None:
                    shown = _read(brief, BriefResult).creatives
                    does = partial(self._script.tasks_done, session.formed, shown, now_us)
                    self._ask(f"{view.stream} tasks", does)

        for view in reversed(self._store.states("aggregator", limit=1_000)):
            if view.stream.startswith("lead/"):
                for about, lead in _read(view, Leads).leads.items():
                    self._ask(f"{view.stream} {about}", partial(self._script.regrets, lead, now_us))
        # What is sent later than its time is too late for whatever its time settled.
        self.waiting[asked_before:] = sorted(self.waiting[asked_before:], key=lambda item: item.at_us)

    def _ask(self, what: str, answer: Callable[[], list[Item]]) -> None:
        if what not in self._asked:
            self._asked.add(what)
            self.waiting += answer()


def _read(view: View, kind: type[T]) -> T:
    state: T = msgspec.json.decode(view.state, type=kind)
    return state

"""Journeys as their readers see them: which events of a correlation id, and which of their fields.

An operator sees everything. A developer sees the events that are about them, without personal text except their own
profile's and the repository of an entry they are a party of. A client sees its own requests and what its briefs came
to; who voted for what, and who might be introduced, is not in there.
"""

from typing import Any

import msgspec

from functions.gateway.auth import Caller
from shared.domain.brief_results import BriefResult
from shared.domain.event import Event, Recorded, personal_of
from shared.domain.event import decode as decode_body
from shared.runtime.edge import Edge

EVENTS_MAX = 1_000

# Fields in which an event names whom it is about.
_NAMING = ("developer", "actor", "owner", "inviter", "responder", "by", "subject")
# Fields that tell one participant about the others.
_OTHERS = {
    "house.matchmaker.session-formed.v1": ("introduce",),
    "house.matchmaker.session-proposed.v1": ("quality",),
}
_ENTRY = "house.eventlog.entry-recorded.v1"


def journey(edge: Edge, caller: Caller, correlation: str) -> list[tuple[Recorded, dict[str, Any]]]:
    """The events the caller may see, each with its data as far as they may see it."""
    sight = _Sight(edge, caller)
    events = edge.journey(correlation, EVENTS_MAX)
    return [(event, data) for event in events if (data := sight.data(event)) is not None]


class _Sight:
    """One caller's view; the owner of each brief is looked up once."""

    def __init__(self, edge: Edge, caller: Caller) -> None:
        self._edge, self._caller = edge, caller
        self._own: dict[str, bool] = {}

    def data(self, event: Recorded) -> dict[str, Any] | None:
        """The event's data with what the caller may see of it, or None when the event is not theirs."""
        data: dict[str, Any] = msgspec.json.decode(event.data)
        if self._caller.everywhere:
            return data
        if self._caller.role == "developer":
            if not self._caller.sees(event.time_us) or not self._about(event, data):
                return None
        elif not self._of_client(event):
            return None
        hidden = {*self._personal(event), *_OTHERS.get(event.type, ())}
        return {name: value for name, value in data.items() if name not in hidden}

    def _about(self, event: Recorded, data: dict[str, Any]) -> bool:
        me = self._caller.subject
        named = any(data.get(field) == me for field in _NAMING) or me in data.get("parties", ())
        if event.stream.startswith("session/"):
            return named or any(seat["developer"] == me for seat in data.get("seats", ()))
        return named or me in event.stream.replace("~", "/").split("/")

    def _of_client(self, event: Recorded) -> bool:
        prefix, _, name = event.stream.partition("/")
        if prefix == "brief":
            if name not in self._own:
                brief = self._edge.state("aggregator", event.stream, BriefResult)
                owner = brief.catalogued.client if brief and brief.catalogued else None
                self._own[name] = owner == self._caller.subject
            return self._own[name]
        return prefix == "client" and name == self._caller.subject

    def _personal(self, event: Recorded) -> set[str]:
        body: Event = decode_body(event.type, event.data)
        personal = set(personal_of(type(body)))
        if event.stream == f"profile/{self._caller.subject}":
            return set()
        return personal - {"repository"} if event.type == _ENTRY else personal

"""A House-Id is used once: it belongs to the invitation that was received first.

Reads Invited and Due. Emits IdAskedFor, IdClaimed, IdRefused. Stream: invitation-id/<id>.

Who was first is certain when the watermark has passed the earliest receipt known; of two received at the same
instant, the one with the lower hash is.
"""

from shared.domain.event import Due, Event, Input
from shared.domain.optins import HouseId, IdAskedFor, IdClaimed, IdRefused, Invited
from shared.runtime.shapes import Decider, Fold

ASKED_MAX = 16
"""Invitations that may wait for the same id; of more, the latest are refused at once."""


def _streams(arrived: Input) -> tuple[str, ...]:
    return (f"invitation-id/{arrived.body.id}",) if isinstance(arrived.body, Invited) else ()


def evolve(state: HouseId, event: Event) -> HouseId:
    """Keep who asks until there is a holder."""
    match event:
        case IdAskedFor(id=house_id, invitation=commit, asked_at_us=at_us):
            return HouseId(house_id, asked=_in_order({**state.asked, commit: at_us}))
        case IdClaimed(id=house_id, invitation=commit):
            return HouseId(house_id, holder=commit)
        case IdRefused(invitation=refused) if state.holder is None:
            return HouseId(state.id, asked={c: at_us for c, at_us in state.asked.items() if c != refused})
        case IdRefused():
            return state
        case _:
            raise AssertionError(f"{event} is no event of a House-Id")


def _in_order(asked: dict[str, int]) -> dict[str, int]:
    return dict(sorted(asked.items(), key=lambda one: (one[1], one[0])))


def decide(state: HouseId, arrived: Input) -> list[Event]:
    """The first keeps the id; its own later copies ask in vain and need nothing."""
    match arrived.body:
        case Invited(id=house_id, invitation=commit) if state.holder is not None:
            return [IdRefused(house_id, commit, state.holder)] if commit != state.holder else []
        case Invited() as invited:
            return _asked(state, IdAskedFor(invited.id, invited.invitation, invited.received_at_us))
        case Due():
            first, *others = state.asked
            return [IdClaimed(state.id, first), *(IdRefused(state.id, other, first) for other in others)]
        case _:
            return []


def _asked(state: HouseId, asked: IdAskedFor) -> list[Event]:
    known_us = state.asked.get(asked.invitation)
    if known_us is not None and known_us <= asked.asked_at_us:
        return []
    first, *others = evolve(state, asked).asked
    return [asked, *(IdRefused(asked.id, other, first) for other in others[ASKED_MAX - 1 :])]


def due(state: HouseId) -> int | None:
    """A microsecond after the earliest receipt, when all that was received at that very instant is known, too."""
    return min(state.asked.values()) + 1 if state.asked else None


HOUSE_ID = Decider(Fold("invitation-id", HouseId, HouseId(), evolve, due), (Invited, Due), _streams, decide)

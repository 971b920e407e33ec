"""A log of made-up events, as the archiver reads it."""

from collections.abc import Iterable

from shared.domain.archive import SegmentSealed
from shared.domain.event import Recorded, encode, type_of
from shared.domain.ids import uuid5
from tests.given import NOW_US


def recorded(position: int, data: bytes = b'{"n":1}', type: str = "house.test.happened.v1") -> Recorded:
    return Recorded(
        id=uuid5("log", str(position)),
        type=type,
        stream=f"thing/{position % 7}",
        version=position,
        time_us=NOW_US + position * 1_000_003,
        recorded_us=NOW_US + position * 1_000_003 + 17,
        correlation=uuid5("correlation", str(position % 5)),
        causation=uuid5("cause", str(position)),
        data=data,
        position=position,
    )


def sealing(position: int, sealed: SegmentSealed) -> Recorded:
    return recorded(position, encode(sealed), type_of(SegmentSealed).name)


class ListedLog:
    """A Log in a list; `asked` is how many events were read of it at most at once."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self.events = list(events)
        self.asked = 0

    def since(self, position: int, limit: int) -> list[Recorded]:
        self.asked = max(self.asked, limit)
        return [event for event in self.events if event.position > position][:limit]

    def head(self) -> int:
        return self.events[-1].position if self.events else 0

    def gain(self, count: int) -> None:
        self.events += [recorded(self.head() + 1 + n, b'{"n":%d}' % n) for n in range(count)]

"""Views: the store, for those who may only look."""

from collections.abc import Sequence
from typing import Protocol

from shared.domain.event import Recorded
from shared.ports.store import View


class Views(Protocol):
    """States and events of all functions, as the store has them at that moment.

    Raises TimeoutError where it is away; the caller retries.
    """

    def state(self, function: str, stream: str) -> View | None:
        """The current document of one stream of `function`."""

    def states(
        self, function: str, tag: str | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[View]:
        """Documents of `function` that carry `tag` (or all), newest stream first, `cursor` below `before`."""

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> Sequence[Recorded]:
        """Events of one stream with a version above `after`, in order, at most `limit`."""

"""Bodies: the raw bodies of deliveries, for whoever has to make them be forgotten."""

from collections.abc import Sequence
from typing import Protocol


class Bodies(Protocol):
    """Raises TimeoutError where they are away; the caller retries."""

    def forget(self, streams: Sequence[str]) -> None:
        """Delete the raw bodies of these deliveries' streams, leaving no byte of them, if there are any."""

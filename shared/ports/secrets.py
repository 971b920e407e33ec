"""Secrets: values that never appear in settings, logs or events."""

from typing import Protocol


class Secrets(Protocol):
    """Named secrets of one node."""

    def get(self, name: str) -> bytes:
        """The secret's value.

        Raises:
            KeyError: there is no such secret.
        """

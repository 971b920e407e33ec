"""Mappings of stored states in the order of their keys, so that the order of arrival leaves no trace."""

from collections.abc import Mapping
from typing import TypeVar

V = TypeVar("V")


def with_entry(mapping: Mapping[str, V], key: str, value: V) -> dict[str, V]:
    """The mapping with one entry more, or with another value for it."""
    return dict(sorted({**mapping, key: value}.items()))

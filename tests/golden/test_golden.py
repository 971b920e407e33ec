"""What was stored once is read for ever."""

import pytest

from shared.domain.event import EventType, decode, encode, type_of
from tests.golden import FOLDER, example, published, stored

TYPES = published()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_stored_example_is_read_and_written_as_it_was(kind: EventType) -> None:
    data = stored(kind.name)
    assert data is not None, f"{kind.name} has no example: run python -m tests.golden add, and look at it"
    body = decode(kind.name, data)
    assert isinstance(body, kind.body)
    if type_of(body).name == kind.name:
        # An old type is upcast, so what it is written as is the newer one's affair.
        assert encode(body) == data


def test_no_example_is_of_a_type_that_is_gone() -> None:
    known = {kind.name for kind in TYPES}
    assert [path.stem for path in FOLDER.glob("*.json") if path.stem not in known] == []


def test_an_example_fills_every_field() -> None:
    """One that left fields out would prove little of them."""
    for kind in TYPES:
        made = example(kind.body)
        filled = {name for name in kind.body.__struct_fields__ if getattr(made, name) not in (None, "", 0)}
        assert filled == set(kind.body.__struct_fields__), kind.name

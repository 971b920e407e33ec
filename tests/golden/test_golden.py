"""What was stored once is read for ever."""

import pytest

from shared.domain.event import EventType, decode, encode, personal_fields, type_of
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
        assert body == example(kind.body), (
            "a field is new: an event that has been stored never gains one silently"
        )


def test_no_example_is_of_a_type_that_is_gone() -> None:
    known = {kind.name for kind in TYPES}
    assert [path.stem for path in FOLDER.glob("*.json") if path.stem not in known] == []


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_personal_field_is_a_field(kind: EventType) -> None:
    assert set(personal_fields(kind.body)) <= set(kind.body.__struct_fields__)

"""A journey is drawn as the tree of what caused what."""

from typing import Any

from shared.cli.journey import tree


def happened(id_: str, causation: str, at: str) -> dict[str, Any]:
    return {
        "id": id_,
        "causationid": causation,
        "type": f"house.function.{id_}.v1",
        "subject": f"stream/{id_}",
        "time": "2026-03-02T09:00:00Z",
        "recordedtime": f"2026-03-02T09:00:{at}Z",
    }


def test_each_event_is_below_its_cause_with_the_seconds_since_the_first() -> None:
    events = [
        happened("delivered", "outside", "00"),
        happened("confirmed", "recorded", "01.25"),
        happened("recorded", "delivered", "00.5"),
        happened("noticed", "delivered", "02"),
        happened("seen", "confirmed", "03"),
    ]
    assert list(tree(events)) == [
        "   +0.000 s  function.delivered  stream/delivered",
        "   +0.500 s  ├─ function.recorded  stream/recorded",
        "   +1.250 s  │  └─ function.confirmed  stream/confirmed",
        "   +3.000 s  │     └─ function.seen  stream/seen",
        "   +2.000 s  └─ function.noticed  stream/noticed",
    ]


def test_two_beginnings_are_two_trees() -> None:
    drawn = list(tree([happened("b", "x", "01"), happened("a", "y", "00")]))
    assert [line.split()[2] for line in drawn] == ["function.a", "function.b"]


def test_a_chain_of_a_thousand_events_is_drawn() -> None:
    chain = [happened(f"e{n}", f"e{n - 1}", "00") for n in range(1000)]
    assert len(list(tree(chain))) == 1000

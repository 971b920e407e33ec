"""The route is drawn from declarations: the same declarations, in any order, make the same bytes."""

import dataclasses
import importlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from shared.domain.deliveries import DeliveryAccepted
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event, Scheduled
from shared.domain.matches import StandingGained, TicketDrawn
from shared.domain.optins import EntryConfirmed
from shared.domain.requests import ErasureRequested
from shared.domain.standing import Standing
from shared.runtime import route
from shared.runtime.discover import functions
from shared.runtime.shapes import Decider, Draw, Errand, Fold, Function, Intake, Spread

ROOT = Path(__file__).resolve().parents[2]
ALL = {"aggregator", "archiver", "crawler", "eventlog", "gateway", "intake", "matchmaker", "optin"}


def fold(prefix: str) -> Fold[Any]:
    return Fold(prefix, Standing, Standing(), lambda state, _: state)


def decider(prefix: str, *reads: type[Event], ordered: bool = False) -> Decider[Any]:
    return Decider(fold(prefix), reads, lambda _: (), lambda *_: (), ordered)


async def _look(*_: Any) -> tuple[Event, ...]:
    return ()


async def _answer(*_: Any) -> None: ...


HOUSE = [
    Function("intake", "deliveries", (Intake(("/webhooks", "/events"), lambda _: _answer),)),
    Function(
        "eventlog",
        "entries",
        (Spread(fold("entry"), (DeliveryAccepted,), lambda _: ()),),
    ),
    Function("optin", "optins", (decider("optin", EntryRecorded, Due), decider("invitation", EntryRecorded))),
    Function(
        "matchmaker",
        "matches",
        (
            decider("ticket", StandingGained, TicketDrawn, EntryConfirmed, ordered=True),
            Draw(("queued",), 10, lambda *_: (), str),
        ),
    ),
    Function(
        "archiver", "archive", (Errand(fold("segment"), (Scheduled,), lambda _: (), _look, every_s=3600),)
    ),
    Function(
        "gateway", "requests", (Intake(("/",), lambda _: _answer, views=("optin", "gateway", "eventlog")),)
    ),
]


def test_the_order_of_the_declarations_does_not_matter() -> None:
    shuffled = HOUSE[:]
    random.Random(1).shuffle(shuffled)
    assert route.text(shuffled) == route.text(HOUSE)
    assert route.mermaid(shuffled) == route.mermaid(HOUSE)


def test_reads_are_listed_by_the_topic_that_carries_them() -> None:
    made = route.document(HOUSE)["functions"]
    assert made["eventlog"]["reads"] == {"deliveries": ["house.intake.delivery-accepted.v1"]}
    assert made["optin"]["reads"] == {"entries": ["house.eventlog.entry-recorded.v1"]}


def test_only_topics_whose_readers_ask_for_order_have_it() -> None:
    topics = route.document(HOUSE)["topics"]
    assert {name for name, topic in topics.items() if topic["ordered"]} == {"matches", "optins"}


def test_each_topic_names_its_writer_its_types_and_its_readers() -> None:
    entries = route.document(HOUSE)["topics"]["entries"]
    assert entries["writes"] == "eventlog"
    assert entries["types"] == ["house.eventlog.entry-recorded.v1"]
    assert entries["read_by"] == ["archiver", "optin"]


def test_dead_letters_are_not_part_of_a_topic() -> None:
    importlib.import_module("shared.domain.parked").types_for("optin", personal=False)
    assert not any("input-" in name for name in route.document(HOUSE)["topics"]["optins"]["types"])


def test_a_function_that_only_its_schedule_wakes_reads_every_topic() -> None:
    made = route.document(HOUSE)["functions"]["archiver"]
    assert list(made["reads"]) == ["archive", "deliveries", "entries", "matches", "optins", "requests"]
    assert made["every_s"] == [3600]
    assert '  topics[/"every topic"/] --> archiver' in route.mermaid(HOUSE).splitlines()


def test_a_reader_of_the_log_has_an_arrow_of_its_own_from_what_wakes_it_besides() -> None:
    erase = Errand(fold("erasure"), (ErasureRequested,), lambda _: (), _look)
    archiver = next(function for function in HOUSE if function.name == "archiver")
    woken = dataclasses.replace(archiver, shapes=(*archiver.shapes, erase))
    others = [function for function in HOUSE if function is not archiver]
    arrows = [line for line in route.mermaid([*others, woken]).splitlines() if line.endswith("--> archiver")]
    assert arrows[1:] == ['  topics[/"every topic"/] --> archiver', "  gateway -- requests --> archiver"]


def test_a_function_that_reads_its_own_topic_has_a_loop() -> None:
    assert "  matchmaker -- matches --> matchmaker" in route.mermaid(HOUSE).splitlines()


def test_schedules_paths_and_views_are_drawn() -> None:
    lines = route.mermaid(HOUSE).splitlines()
    assert '  matchmaker_schedule(("every 10 s")) --> matchmaker' in lines
    assert '  archiver_schedule(("every 1 h")) --> archiver' in lines
    assert '  intake_http(["HTTP /events /webhooks"]) --> intake' in lines
    assert "  optin -.-> gateway" in lines
    assert "  gateway -.-> gateway" not in lines


def test_a_function_that_looks_at_all_others_has_one_arrow_for_them() -> None:
    names = tuple(function.name for function in HOUSE)
    everywhere = Function("gateway", "requests", (Intake(("/",), lambda _: _answer, views=names),))
    lines = route.mermaid([*HOUSE[:-1], everywhere]).splitlines()
    assert [line for line in lines if "-.->" in line] == ['  states[/"every state"/] -.-> gateway']


def test_the_readme_keeps_everything_around_the_picture() -> None:
    readme = f"# House\n\n{route.BEGIN}\nold\n{route.END}\n\nmore\n"
    drawn = route.illustrated(readme, "flowchart TD\n")
    assert drawn == f"# House\n\n{route.BEGIN}\n```mermaid\nflowchart TD\n```\n{route.END}\n\nmore\n"
    assert route.illustrated(drawn, "flowchart TD\n") == drawn


@pytest.mark.parametrize("readme", ["", route.BEGIN, f"{route.END} {route.BEGIN}"])
def test_a_readme_without_a_place_for_the_picture_is_refused(readme: str) -> None:
    with pytest.raises(route.NoPicture):
        route.illustrated(readme, "flowchart TD\n")


def test_the_files_are_the_route_and_the_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"{route.BEGIN}{route.END}")
    made = route.files(HOUSE, tmp_path)
    assert json.loads(made[tmp_path / "terraform" / "route.json"]) == route.document(HOUSE)
    assert "flowchart TD" in made[tmp_path / "README.md"]


def test_all_eight_functions_are_found_by_their_folders() -> None:
    found = functions()
    assert {function.name for function in found} == ALL
    assert len({function.writes for function in found}) == len(ALL)


def test_the_files_made_from_the_route_are_not_stale() -> None:
    stale = [path.name for path, text in route.files(functions(), ROOT).items() if path.read_text() != text]
    assert stale == [], "run 'house route --write'"

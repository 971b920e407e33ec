"""What a deployment gives a function follows from its declaration alone."""

from typing import Any

import pytest

from shared.adapters import firestore_documents as documents
from shared.runtime import route
from shared.runtime.discover import functions
from tests.cli.test_route import HOUSE


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    nodes: dict[str, Any] = route.document(HOUSE)["functions"]
    return nodes


def test_a_function_writes_its_own_documents_and_reads_those_of_its_views_and_inputs(
    made: dict[str, Any],
) -> None:
    assert all(node["collections"]["writes"] == [name] for name, node in made.items())
    assert made["eventlog"]["collections"]["reads"] == ["intake"]
    assert made["gateway"]["collections"]["reads"] == ["eventlog", "optin"]
    assert made["archiver"]["collections"]["reads"] == sorted(made.keys() - {"archiver"})


def test_only_who_reads_the_log_has_the_archive(made: dict[str, Any]) -> None:
    assert {name for name, node in made.items() if node["bucket"] == "archive"} == {"archiver"}


def test_only_functions_with_an_intake_answer_people(made: dict[str, Any]) -> None:
    assert {name for name, node in made.items() if node["http"]} == {"intake", "gateway"}


def test_errands_wait_longest_and_take_fewest_at_once(made: dict[str, Any]) -> None:
    rooms = {name: node["instance"] for name, node in made.items()}
    assert max(rooms, key=lambda name: rooms[name]["timeout_s"]) == "archiver"
    assert min(rooms, key=lambda name: rooms[name]["concurrency"]) == "archiver"
    assert max(rooms, key=lambda name: rooms[name]["memory_mib"]) == "matchmaker"


def test_only_those_who_make_pseudonyms_have_the_pepper_and_only_the_edge_has_webhook_secrets() -> None:
    asking = {function.name: set(function.secrets) for function in functions()}
    assert {name for name, secrets in asking.items() if "pepper" in secrets} == {
        "crawler",
        "eventlog",
        "gateway",
    }
    assert {name for name, secrets in asking.items() if secrets & {"github", "standard.*"}} == {"intake"}


def test_only_those_who_seal_personal_text_or_open_it_may_use_its_key() -> None:
    nodes = route.document(functions())["functions"]
    passing_on = {name for name, node in nodes.items() if not node["keys"]}
    assert passing_on == {"aggregator", "matchmaker"}


def test_every_index_of_the_store_is_deployed() -> None:
    firestore = route.document(HOUSE)["firestore"]
    assert len(firestore["indexes"]) == len(documents.INDEXES) + len(documents.SINGLE_FIELD_INDEXES)
    assert {"path": "tags", "array": "CONTAINS"} in firestore["indexes"][0]["fields"]
    assert {index["collection"] for index in firestore["indexes"]} <= set(firestore["collections"])

"""The document describes every route, and is one that tools can read."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate
from starlette.applications import Starlette

from functions.gateway.app import app
from functions.gateway.frame import Frame
from functions.gateway.routes import ROUTES
from functions.intake.main import FUNCTION as INTAKE
from tests.gateway.house import House


@pytest.fixture
def document(house: House) -> dict[str, Any]:
    answer = house.nobody().get("/openapi.json")
    assert house.nobody().get("/openapi.json", if_none_match=answer.headers["etag"]).status_code == 304
    return dict(answer.json())


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_of_the_application_is_in_it(house: House, document: dict[str, Any]) -> None:
    application = app(house)
    assert isinstance(application, Frame)
    inner = application._inner
    assert isinstance(inner, Starlette)
    paths = {getattr(route, "path", "").replace(":path}", "}") for route in inner.routes}
    assert paths <= set(document["paths"])
    for route in ROUTES:
        assert route.method.lower() in document["paths"][route.path]


def test_intake_s_paths_are_in_it(document: dict[str, Any]) -> None:
    prefixes = [path for intake in INTAKE.intakes for path in intake.paths]
    theirs = [path for path in document["paths"] if path.startswith(tuple(prefixes))]
    assert sorted(theirs) == ["/events", "/webhooks/github", "/webhooks/standard/{source}"]


def test_every_operation_has_a_name_of_its_own_and_says_who_may_ask(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert bool(operation["security"]) == (route.roles is not None)
        assert operation["summary"]


def test_limits_are_in_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["NewBrief"]["properties"]["title"]["maxLength"] == 120
    entries = document["paths"]["/api/entries"]["get"]["parameters"]
    limit = next(parameter for parameter in entries if parameter["name"] == "limit")
    assert limit["schema"]["maximum"] == 500
    creatives = document["paths"]["/api/briefs/{brief}/creatives"]["post"]["requestBody"]["content"]
    assert set(creatives) == {"application/json", "multipart/form-data"}


def test_answers_are_as_it_says(house: House, document: dict[str, Any]) -> None:
    entry = house.entry(1, 2)
    schemas = document["components"]["schemas"]
    for path, model in (
        (f"/api/entries/{entry.hash}", "Entry"),
        ("/api/entries", "Entries"),
        ("/api/house", "House"),
        ("/readyz", "Readiness"),
        ("/api/dead-letters", "Letters"),
        ("/api/events", "Events"),
    ):
        shown = house.operator().get(path).json()
        assert set(shown) == set(schemas[model]["properties"])
        assert set(schemas[model].get("required", ())) <= set(shown)
    event = house.operator().get("/api/events").json()["events"][0]
    assert set(schemas["CloudEvent"]["required"]) <= set(event)
    assert re.fullmatch("[0-9a-f]{32}", event["correlationid"])

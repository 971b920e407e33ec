"""Who may ask for what."""

import re

import pytest

from functions.gateway.call import EVERYBODY, Route
from functions.gateway.frame import HEADERS
from functions.gateway.routes import ROUTES
from tests.gateway.house import House, Voice

GUARDED = [route for route in ROUTES if route.roles is not None]


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "0" * 32, route.path)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def ask(voice: Voice, route: Route) -> int:
    asked = {"GET": voice.get, "POST": voice.post, "DELETE": voice.delete}[route.method]
    return int(asked(path_of(route)).status_code)


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_a_guarded_route_takes_its_roles_and_no_other(house: House, route: Route) -> None:
    assert route.roles is not None
    for role in EVERYBODY:
        status = ask(house.speaking_as(role), route)
        assert (status == 403) == (role not in route.roles), (role, status)
        assert status not in (401, 500)


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_a_guarded_route_asks_for_a_token(house: House, route: Route) -> None:
    status = ask(house.nobody(), route)
    assert status == (303 if route.page else 401)
    assert ask(Voice(house, "hse_invented"), route) == 401


@pytest.mark.parametrize("route", [route for route in ROUTES if route.roles is None], ids=name_of)
def test_an_open_route_asks_for_none(house: House, route: Route) -> None:
    status = ask(house.nobody(), route)
    assert status not in (403, 500)
    assert status != 401 or route.path == "/sign-in"


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_every_answer_carries_its_correlation_and_leaves_no_room_for_mischief(
    house: House, route: Route
) -> None:
    answer = house.request(route.method, path_of(route), headers={"x-correlation-id": "c" * 32})
    assert answer.headers["x-correlation-id"] == "c" * 32
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"]
    assert "strict-transport-security" in answer.headers
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert b"<script" not in answer.content


def test_a_revoked_token_opens_nothing_any_more(house: House) -> None:
    from shared.domain.tokens import token_digest

    developer = house.developer(1)
    assert developer.get("/api/tickets/mine").status_code == 200
    digest = token_digest(developer.token or "")
    assert house.operator().delete(f"/api/tokens/{digest}").status_code == 204
    assert developer.get("/api/tickets/mine").status_code == 401
    assert house.operator().delete(f"/api/tokens/{digest}").status_code == 204
    assert house.operator().delete("/api/tokens/" + "0" * 64).status_code == 404


def test_an_incoming_correlation_id_is_kept_when_it_is_one(house: House) -> None:
    for given, kept in (
        ("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("not one", None),
        ("0" * 32, None),
    ):
        answer = house.request("GET", "/healthz", headers={"x-correlation-id": given})
        got = answer.headers["x-correlation-id"]
        assert re.fullmatch("[0-9a-f]{32}", got)
        assert kept is None or got == kept
        assert got != given

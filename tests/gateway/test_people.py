"""Consents, tickets and seats."""

from shared.domain.matches import StandingGained
from tests.gateway.house import House, later

TICKET = {
    "primary": "designer",
    "secondary": "engineer",
    "languages": ["en", "fr", "en"],
    "offset_h": 5.5,
    "pool": "demo",
    "expires_in_s": 600,
}
CLIENT, BRIEF = "client_tide", "b" * 32


def test_a_consent_is_given_and_taken_back(house: House) -> None:
    developer, me = house.developer(1), house.pseudonym(1)
    for given in (True, False):
        answer = developer.post("/api/consents", {"purpose": "introduction", "given": given, "brief": BRIEF})
        assert answer.status_code == 202
        assert set(answer.json()) == {"request", "correlationid"}
    types = [event.type for event in house.read(f"person/{me}")]
    assert types == ["house.gateway.consent-given.v1", "house.gateway.consent-withdrawn.v1"]


def test_a_ticket_says_what_was_asked_for(house: House) -> None:
    developer, me = house.developer(1), house.pseudonym(1)
    house.record("matchmaker", f"ticket/{me}", StandingGained("inv"))
    answer = developer.post("/api/tickets", TICKET)
    assert answer.status_code == 202
    mine = developer.get("/api/tickets/mine").json()
    assert (mine["developer"], mine["opted_in"], mine["status"]) == (me, True, "queued")
    assert mine["ticket"]["ticket"] == answer.json()["ticket"]
    assert mine["ticket"]["languages"] == ["en", "fr"]
    assert mine["ticket"]["offset_h"] == 5.5


def test_a_developer_without_a_ticket_stands_nowhere(house: House) -> None:
    mine = house.developer(9).get("/api/tickets/mine").json()
    assert (mine["opted_in"], mine["status"], mine["ticket"]) == (False, "none", None)
    assert house.developer(9).get("/api/seats/mine").json() == {"seats": []}


def test_there_is_one_live_ticket_a_developer(house: House) -> None:
    developer = house.developer(1)
    first = developer.post("/api/tickets", TICKET, idempotency_key="t")
    assert developer.post("/api/tickets", TICKET).status_code == 409
    assert developer.post("/api/tickets", TICKET, idempotency_key="t").json() == first.json()
    assert house.developer(2).post("/api/tickets", TICKET).status_code == 202
    later(house, 1)
    assert developer.post("/api/tickets", TICKET).status_code == 202


def test_a_seat_is_shown_to_its_developer_and_taken_by_nobody_else(house: House) -> None:
    session = house.propose(BRIEF, CLIENT)
    house.draw(session)
    seat = house.developer(1).get("/api/seats/mine").json()["seats"][0]
    assert seat["session"] == session
    assert (seat["brief"], seat["lane"], seat["accepted"]) == (BRIEF, "facilitator", False)
    path = f"/api/seats/{seat['seat']}/accept"
    assert house.developer(2).post(path, {}).status_code == 404
    assert house.developer(1).post("/api/seats/nothing/accept", {}).status_code == 404
    assert house.developer(1).post(path, {"introduce": True}).status_code == 202
    assert house.developer(1).get("/api/seats/mine").json()["seats"][0]["accepted"] is True
    assert house.developer(1).post(path).status_code == 202


def test_a_seat_is_taken_within_its_deadline(house: House) -> None:
    session, developer = house.propose(BRIEF, CLIENT), house.developer(1)
    house.clock.move(601_000_000)
    late = developer.post(f"/api/seats/{session}.facilitator/accept", {})
    assert (late.status_code, late.json()["title"]) == (409, "Too late")
    house.settle()
    gone = house.developer(1).post(f"/api/seats/{session}.facilitator/accept", {})
    assert (gone.status_code, gone.json()["title"]) == (409, "Session dissolved")

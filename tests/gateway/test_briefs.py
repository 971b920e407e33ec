"""From a brief to its result, over HTTP, with the real matchmaker's and aggregator's decisions in between."""

import pytest

from shared.domain.brief_results import CREATIVES_MAX
from shared.domain.optins import OptInConfirmed, OptInRevoked
from tests.gateway.house import House, Voice, later, picture

BRIEF = {"title": "The page", "question": "Where do you look?", "points_each": 6}


def opened(house: House, client: Voice) -> str:
    answer = client.post("/api/briefs", BRIEF)
    assert answer.status_code == 201
    return str(answer.json()["brief"])


def furnished(house: House, client: Voice) -> tuple[str, list[str], str]:
    """A brief with two copies and an image."""
    brief = opened(house, client)
    path = f"/api/briefs/{brief}/creatives"
    copies = []
    for label in "AB":
        copy = {"kind": "copy", "label": label, "text": f"Text {label}"}
        copies.append(client.post(path, copy).json()["creative"])
        house.clock.move(1)
    image = client.upload(path, picture(), label="Landing")
    assert image.status_code == 201
    house.clock.move(1)
    return brief, copies, image.json()["creative"]


HOST = 9


def opt_in(house: House, number: int) -> None:
    """An opt-in of the developer's with the host is in force."""
    parties = (house.pseudonym(HOST), house.pseudonym(number))
    at_us = house.clock.now_us()
    confirmed = OptInConfirmed(f"{number:040x}", "a" * 40, parties, ("h", "d"), "sprint-match/1", "t", at_us)
    house.record("optin", f"invitation/{confirmed.invitation}", confirmed)


def opt_out(house: House, number: int) -> None:
    """It has ended."""
    parties = (house.pseudonym(HOST), house.pseudonym(number))
    revoked = OptInRevoked(f"{number:040x}", parties, parties[0], house.clock.now_us())
    house.record("optin", f"invitation/{revoked.invitation}", revoked)


def formed(house: House, brief: str, introduce: tuple[int, ...] = ()) -> str:
    session = house.propose(brief, "client_tide")
    for number in range(1, 6):
        opt_in(house, number)
    for number, seat in enumerate(house.seats(session), 1):
        answer = house.developer(number).post(
            f"/api/seats/{seat.id}/accept", {"introduce": number in introduce}
        )
        assert answer.status_code == 202
    later(house, 0.001)
    return session


def test_a_session_returns_a_result_to_its_client(house: House) -> None:
    client = house.customer()
    brief, copies, image = furnished(house, client)
    session = formed(house, brief, introduce=(2,))
    shown = house.developer(1).get(f"/api/sessions/{session}").json()
    assert (shown["status"], shown["lane"]) == ("formed", "facilitator")
    assert [copy["creative"] for copy in shown["tasks"]["copies"]] == copies
    assert shown["tasks"]["images"][0]["width_px"] == 320
    assert client.get(f"/api/briefs/{brief}/results").json()["status"] == "open"
    for number in range(1, 6):
        voice = house.developer(number)
        assert voice.post(f"/api/sessions/{session}/votes", {"approved": [copies[0]]}).status_code == 202
        points = [{"creative": image, "x": 0.5, "y": 0.25 + n / 100} for n in range(6)]
        assert voice.post(f"/api/sessions/{session}/points", {"points": points}).status_code == 202
    later(house, 0.1)
    results = client.get(f"/api/briefs/{brief}/results").json()
    assert (results["status"], results["sessions"], results["leading"]) == ("published", [session], copies[0])
    first = next(copy for copy in results["copies"] if copy["creative"] == copies[0])
    assert (first["approvals"], first["ballots"], first["share"]) == (5, 5, 1.0)
    assert 0 < first["low"] < first["high"] <= 1
    assert results["images"][0]["points"] == 30
    assert [lead["developer"] for lead in results["leads"]] == [house.pseudonym(2)]
    assert results["leads"][0]["reasons"]
    heat = client.get(results["images"][0]["overlay"])
    assert heat.content.startswith(b"\x89PNG")
    assert client.get(results["images"][0]["overlay"], if_none_match=heat.headers["etag"]).status_code == 304
    page = client.get(f"/briefs/{brief}")
    assert results["images"][0]["overlay"] in page.text
    assert "5 of 5 approve" in page.text
    assert house.developer(1).get(f"/api/sessions/{session}").json()["status"] == "closed"


def test_whoever_takes_their_opt_in_back_is_gone_from_results_leads_heat_and_pages(house: House) -> None:
    client = house.customer()
    brief, copies, image = furnished(house, client)
    session = formed(house, brief, introduce=(2,))
    for number in range(1, 6):
        voice = house.developer(number)
        voice.post(f"/api/sessions/{session}/votes", {"approved": [copies[0]]})
        points = [{"creative": image, "x": 0.5, "y": 0.25 + n / 100} for n in range(6)]
        voice.post(f"/api/sessions/{session}/points", {"points": points})
    later(house, 0.1)
    heat = client.get(f"/api/briefs/{brief}/heat/{image}.png")
    assert heat.status_code == 200
    # Nothing but the events that follow: no schedule, no tick.
    opt_out(house, 2)
    results = client.get(f"/api/briefs/{brief}/results").json()
    first = next(copy for copy in results["copies"] if copy["creative"] == copies[0])
    assert (first["approvals"], first["ballots"]) == (4, 4)
    assert (results["images"][0]["points"], results["images"][0]["overlay"]) == (24, None)
    assert results["leads"] == []
    stale = client.get(f"/api/briefs/{brief}/heat/{image}.png", if_none_match=heat.headers["etag"])
    assert stale.status_code == 409
    page = client.get(f"/briefs/{brief}").text
    assert "4 of 4 approve" in page
    assert house.pseudonym(2) not in page


def test_few_points_make_no_heat_map(house: House) -> None:
    client = house.customer()
    brief, _, image = furnished(house, client)
    session = formed(house, brief)
    house.developer(1).post(f"/api/sessions/{session}/points", {"creative": image, "x": 0.1, "y": 0.2})
    later(house, 2)
    shown = client.get(f"/api/briefs/{brief}/results").json()["images"][0]
    assert (shown["points"], shown["overlay"]) == (1, None)
    assert "30" in shown["refusal"]
    refused = client.get(f"/api/briefs/{brief}/heat/{image}.png")
    assert (refused.status_code, refused.json()["detail"]) == (409, shown["refusal"])
    assert "no heat map" in client.get(f"/briefs/{brief}").text


def test_a_brief_is_shown_to_its_client_operators_and_participants_alone(house: House) -> None:
    client = house.customer()
    brief, _, image = furnished(house, client)
    session = formed(house, brief)
    participant, stranger, rival = house.developer(1), house.developer(9), house.customer("client_ebb")
    house.draw(session)
    paths = {
        f"/api/briefs/{brief}": (client, house.operator(), participant),
        f"/briefs/{brief}": (client, house.operator(), participant),
        f"/api/creatives/{brief}/{image}/image": (client, house.operator(), participant),
        f"/api/sessions/{session}": (client, house.operator(), participant, house.developer(5)),
        f"/api/briefs/{brief}/results": (client, house.operator()),
    }
    for path, allowed in paths.items():
        for voice in allowed:
            assert voice.get(path).status_code == 200, path
        for voice in (stranger, rival):
            assert voice.get(path).status_code in (403, 404), path
    assert (
        rival.post(f"/api/briefs/{brief}/creatives", {"kind": "copy", "label": "L", "text": "T"}).status_code
        == 404
    )
    assert participant.get(f"/api/briefs/{brief}/results").status_code == 403
    assert client.get(f"/api/creatives/{brief}/{image}/image").content == picture()


def test_creatives_are_shown_to_developers_once_their_session_has_formed(house: House) -> None:
    brief, _, image = furnished(house, house.customer())
    session = house.propose(brief, "client_tide")
    house.draw(session)
    assert house.developer(1).get(f"/api/briefs/{brief}").status_code == 200
    assert house.developer(1).get(f"/api/creatives/{brief}/{image}/image").status_code == 404
    assert house.developer(1).get(f"/api/sessions/{session}").json()["tasks"] is None


def test_votes_and_points_are_taken_from_participants_in_time_on_the_session_s_own_creatives(
    house: House,
) -> None:
    client = house.customer()
    brief, copies, image = furnished(house, client)
    session = house.propose(brief, "client_tide")
    votes, points = f"/api/sessions/{session}/votes", f"/api/sessions/{session}/points"
    mark = {"creative": image, "x": 0.5, "y": 0.5}
    assert house.developer(1).post(votes, {"approved": []}).json()["title"] == "Not formed"
    session = formed(house, brief)
    assert house.developer(9).post(votes, {"approved": []}).status_code == 404
    assert house.developer(1).post(votes, {"approved": ["0" * 32]}).json()["errors"][0]["field"] == "approved"
    assert house.developer(1).post(votes, {"approved": [image]}).status_code == 400
    assert house.developer(1).post(points, {**mark, "creative": copies[0]}).status_code == 400
    assert house.developer(1).post(points, mark).status_code == 202
    full = house.developer(1).post(points, {"points": [mark] * 6})
    assert (full.status_code, full.json()["title"]) == (409, "Too many points")
    assert "5 are left" in full.json()["detail"]
    later(house, 1.1)
    assert house.developer(1).post(votes, {"approved": []}).json()["title"] == "Session closed"


def test_equal_points_of_one_request_are_two(house: House) -> None:
    brief, _, image = furnished(house, house.customer())
    session = formed(house, brief)
    mark = {"creative": image, "x": 0.5, "y": 0.5}
    house.developer(1).post(f"/api/sessions/{session}/points", {"points": [mark, mark]})
    marked = [e for e in house.store.log if e.type == "house.aggregator.metric-recorded.v1"]
    assert len(marked) == 2


def test_a_brief_can_be_read_before_it_is_catalogued(house: House) -> None:
    house.settles = False
    client = house.customer()
    house.settles = False
    brief = opened(house, client)
    shown = client.get(f"/api/briefs/{brief}").json()
    assert (shown["title"], shown["creatives"]) == ("The page", [])
    assert client.get(f"/api/briefs/{brief}/results").json()["status"] == "open"
    assert "The page" in client.get("/").text


def test_a_brief_has_a_limited_number_of_creatives(house: House) -> None:
    client = house.customer()
    path = f"/api/briefs/{opened(house, client)}/creatives"
    copy = {"kind": "copy", "label": "L", "text": "T"}
    for _ in range(CREATIVES_MAX):
        assert client.post(path, copy).status_code == 201
    assert client.post(path, copy).status_code == 409


def test_a_client_has_a_limited_number_of_briefs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.gateway.api_briefs.BRIEFS_MAX", 2)
    client = house.customer()
    for _ in range(2):
        opened(house, client)
    assert client.post("/api/briefs", BRIEF).status_code == 409


def test_uploads_are_taken_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = house.customer()
    path = f"/api/briefs/{opened(house, client)}/creatives"
    monkeypatch.setattr("functions.gateway.reading.UPLOADS_WAITING_MAX", -2)
    answer = client.upload(path, picture(), label="L")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")

"""Journeys, opt-ins, the raw log and dead letters: who sees what of them."""

from typing import Any

import pytest

from shared.domain.leads import LeadQualified
from shared.domain.optins import Invited, OptInConfirmed
from shared.domain.parked import types_for
from shared.domain.profiles import ProfileObserved
from shared.domain.requests import BriefOpened
from shared.runtime.edge import Trouble
from tests.gateway.house import House, Voice, later
from tests.given import NOW_US

C = "c" * 32
INVITATION = "a" * 40


def told(voice: Voice) -> list[dict[str, Any]]:
    answer = voice.get(f"/api/journeys/{C}")
    assert answer.status_code in (200, 404)
    return list(answer.json()["events"]) if answer.status_code == 200 else []


def invite(house: House) -> None:
    one, two = house.pseudonym(1), house.pseudonym(2)
    invited = Invited(
        INVITATION,
        "e" * 40,
        one,
        "octo",
        "hubot",
        "sprint-match/1",
        house.house.terms,
        "i" * 32,
        NOW_US,
        NOW_US + 1,
    )
    confirmed = OptInConfirmed(
        INVITATION, "b" * 40, (one, two), ("octo", "hubot"), "sprint-match/1", house.house.terms, NOW_US
    )
    house.record("optin", f"invitation/{INVITATION}", invited, confirmed, correlation=C)


def test_an_operator_sees_all_events_whole_and_in_order(house: House) -> None:
    invite(house)
    events = told(house.operator())
    recorded = house.journey(C)
    assert [event["id"] for event in events] == [event.id for event in recorded]
    assert events[0]["data"]["inviter_login"] == "octo"
    assert {"specversion", "source", "time", "causationid", "sequence"} <= set(events[0])


def test_a_developer_sees_the_events_about_them_without_personal_text(house: House) -> None:
    invite(house)
    seen = told(house.developer(2))
    assert seen
    assert not any(name in str(seen) for name in ("octo", "hubot"))
    assert all(house.pseudonym(2) in str(event) for event in seen)
    assert "house.optin.opt-in-confirmed.v1" in [event["type"] for event in seen]
    assert not any(event["subject"] == f"ticket/{house.pseudonym(1)}" for event in seen)
    assert told(house.developer(9)) == []
    assert told(house.customer()) == []


def test_a_party_sees_the_repository_of_its_entry_and_nobody_s_login(house: House) -> None:
    entry = house.entry(1, 2, actor_login="hubot", repository="octo/secret-plan")
    correlation = house.read(f"entry/{entry.hash}")[0].correlation
    events = house.developer(2).get(f"/api/journeys/{correlation}").json()["events"]
    assert events[0]["data"]["repository"] == "octo/secret-plan"
    assert "actor_login" not in events[0]["data"]
    assert house.developer(3).get(f"/api/journeys/{correlation}").status_code == 404


def test_a_developer_sees_their_own_profile_and_nobody_else_s(house: House) -> None:
    for number in (1, 2):
        me = house.pseudonym(number)
        observed = ProfileObserved(me, f"login{number}", NOW_US, name=f"Name {number}")
        house.record("crawler", f"profile/{me}", observed, correlation=C)
    assert [event["data"]["name"] for event in told(house.developer(1))] == ["Name 1"]


def test_a_team_member_is_not_told_who_agreed_to_be_introduced(house: House) -> None:
    session = house.propose("b" * 32, "client_tide", correlation=C)
    for number, seat in enumerate(house.seats(session), 1):
        headers = {"x_correlation_id": C}
        house.developer(number).post(f"/api/seats/{seat.id}/accept", {"introduce": number == 2}, **headers)
    later(house, 0.001)
    formed = [
        event for event in told(house.developer(1)) if event["type"] == "house.matchmaker.session-formed.v1"
    ]
    assert len(formed) == 1
    assert "introduce" not in formed[0]["data"]
    accepted = [
        event for event in told(house.developer(1)) if event["type"] == "house.gateway.seat-accepted.v1"
    ]
    assert [event["data"]["developer"] for event in accepted] == [house.pseudonym(1)]


def test_a_client_sees_its_own_brief_but_neither_ballots_nor_leads(house: House) -> None:
    brief = BriefOpened("b" * 32, "client_tide", "T", "Q", "default", 1, 3600, 6, NOW_US)
    house.record("gateway", "client/client_tide", brief, correlation=C)
    lead = LeadQualified("b" * 32, "client_tide", house.pseudonym(1), "5" * 32, 1, 2, ("because",))
    house.record("aggregator", f"lead/{house.pseudonym(1)}", lead, correlation=C)
    assert {event["subject"].partition("/")[0] for event in told(house.customer())} == {"client", "brief"}
    assert told(house.customer("client_ebb")) == []


@pytest.mark.parametrize("name", ["nonsense", "0" * 32, "d" * 32, "%00"])
def test_there_is_no_such_journey(house: House, name: str) -> None:
    assert house.operator().get(f"/api/journeys/{name}").status_code == 404


def test_an_opt_in_is_shown_to_those_who_spoke(house: House) -> None:
    invite(house)
    path = f"/api/optins/{INVITATION}"
    shown = house.developer(1).get(path).json()
    assert (shown["invitation"], shown["purpose"]) == (INVITATION, "sprint-match/1")
    assert (shown["invited_at"], shown["terms"]) == ("2026-03-02T09:00:00Z", house.house.terms)
    assert shown["parties"][0] == house.pseudonym(1)
    assert house.operator().get(path).json() == shown
    assert house.developer(9).get(path).status_code == 404
    assert house.customer().get(path).status_code == 403


def test_the_log_is_followed_from_a_position(house: House) -> None:
    voice = house.operator()
    house.entry(1)
    house.entry(2, kind="fork")
    first = voice.get("/api/events?limit=2").json()
    assert len(first["events"]) == 2
    rest = voice.get(f"/api/events?after={first['next']}").json()
    ids = [event["id"] for event in first["events"] + rest["events"]]
    assert ids == [event.id for event in house.store.log]
    assert voice.get(f"/api/events?after={rest['next']}").json() == {"events": [], "next": rest["next"]}
    only = voice.get("/api/events?kind=house.eventlog.entry-recorded.v1").json()["events"]
    assert [event["data"]["kind"] for event in only] == ["star", "fork"]


def park(house: House) -> str:
    parked, _ = types_for("optin", personal=False)
    letter = "f" * 32
    entry = house.entry(1)
    body = parked(
        letter, "house.eventlog.entry-recorded.v1", f"entry/{entry.hash}", 1, "E: x", "Traceback", NOW_US
    )
    house.record("optin", f"parked/optin/{letter}", body)
    return letter


def test_dead_letters_are_listed_shown_and_driven_again(house: House) -> None:
    letter, voice = park(house), house.operator()
    assert "1 input has met a bug" in voice.get("/").text
    listed = voice.get("/api/dead-letters").json()["letters"]
    assert [(found["function"], found["input"], found["status"]) for found in listed] == [
        ("optin", letter, "parked")
    ]
    assert "stack" not in listed[0]
    assert voice.get("/api/dead-letters?function=optin").json()["letters"] == listed
    assert voice.get("/api/dead-letters?function=crawler").json()["letters"] == []
    assert voice.get("/api/dead-letters?function=nothing").status_code == 400
    path = f"/api/dead-letters/optin/{letter}"
    assert voice.get(path).json()["stack"] == "Traceback"
    assert voice.post(f"{path}/redrive").json() == {"went_through": True}
    assert voice.get("/api/dead-letters").json()["letters"] == []
    assert voice.post(f"{path}/redrive").status_code == 409
    assert voice.post("/api/dead-letters/optin/none/redrive").status_code == 404
    assert voice.post("/api/dead-letters/nothing/none/redrive").status_code == 404


def test_a_dead_letter_of_the_log_does_not_hide_its_entries(house: House) -> None:
    parked, _ = types_for("eventlog", personal=True)
    entry = house.entry(1)
    house.record("eventlog", "parked/eventlog/x", parked("x", "t", "s", 1, "E", "stack", NOW_US))
    listed = house.operator().get("/api/entries").json()["entries"]
    assert [found["hash"] for found in listed] == [entry.hash]
    assert house.operator().get("/").status_code == 200


def test_a_node_in_trouble_says_which_function_and_why(house: House) -> None:
    assert house.nobody().get("/readyz").json() == {"status": "ready", "troubles": []}
    house.found = [Trouble("crawler", "has handled nothing for 31 s with events waiting")]
    red = house.nobody().get("/readyz")
    assert (red.status_code, red.json()["status"]) == (503, "not ready")
    assert red.json()["troubles"][0]["function"] == "crawler"
    assert house.nobody().get("/healthz").json() == {"status": "ok"}
    assert "has handled nothing" in house.operator().get("/").text
    assert "has handled nothing" not in house.nobody().get("/").text


def test_the_notice_is_what_the_terms_are_the_digest_of(house: House) -> None:
    from hashlib import sha256

    from shared.runtime.wiring import terms

    for path in ("/notice", "/notice.md"):
        notice = house.nobody().get(path)
        assert notice.headers["content-type"] == "text/markdown; charset=utf-8"
        assert f"sha256:{sha256(notice.content).hexdigest()}" == terms()
    shown = house.nobody().get("/api/house").json()
    assert (shown["origin"], shown["terms"]) == ("https://house.example", house.house.terms)

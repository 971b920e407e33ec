"""The compliance index: what was allowed at a moment, on what evidence; and it never changes afterwards."""

from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from functions.gateway.api_consents import SETTLED_US
from shared.domain.instants import SECOND_US, rfc3339
from tests.given import HOUSE
from tests.optin.account import EVERYBODY, GUESTS, HOST
from tests.optin.engine import NUMBERS, Engine, accept, message
from tests.optin.test_gate import likely
from tests.optin.world import World


@pytest.fixture
def house() -> Engine:
    return Engine()


def ask(house: Engine, name: str, **query: str) -> Any:
    """What the index says to the operator about somebody."""
    subject = house.pseudonym(NUMBERS[name])
    asked = "&".join(f"{key}={value}" for key, value in {"subject": subject, **query}.items())
    answer = house.operator().get(f"/api/consents?{asked}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def of_all(house: Engine, **query: str) -> list[Any]:
    """What the index says to the operator about everybody, page by page."""
    found: list[Any] = []
    after = ""
    while True:
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        answer = house.operator().get(f"/api/consents?{asked}{after}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["subject"] is None
        found += answer.json()["consents"]
        if answer.json()["next"] is None:
            return found
        after = f"&after={answer.json()['next']}"


def now(house: Engine) -> str:
    return rfc3339(house.clock.now_us())


def test_an_opt_in_is_allowed_from_its_confirmation_to_its_end_with_the_evidence_of_both(
    house: Engine,
) -> None:
    moments = [now(house)]
    invitation = house.push("alice", house.invite())
    moments.append(now(house))
    response = house.push("bob", accept(invitation))
    moments.append(now(house))
    house.push("alice", message({"House-Revoke": invitation, "House-Origin": HOUSE.origin}))
    moments.append(now(house))
    answers = [ask(house, "bob", at=moment, purpose="sprint-match/1") for moment in moments]
    assert [answer["allowed"] for answer in answers] == [False, False, True, False]
    [held], [ended] = answers[2]["consents"], answers[3]["consents"]
    assert (held["basis"], held["counterpart"]) == ("opt-in", house.pseudonym(1))
    assert held["terms"] == HOUSE.terms
    assert held["until"] is None
    assert [(proof["what"], proof["commit"]) for proof in held["evidence"]] == [
        ("invitation", invitation),
        ("response", response),
        ("confirmation", None),
    ]
    assert [proof["grade"] for proof in held["evidence"]] == ["platform", "platform", None]
    for proof in held["evidence"]:
        [event] = [e for e in house.read(proof["stream"]) if e.id == proof["event"]]
        assert (event.version, rfc3339(event.recorded_us)) == (proof["version"], proof["recorded_at"])
    assert house.of(f"/api/entries/{held['evidence'][0]['entry']}")["anchor"] == invitation
    assert ended["evidence"][:3] == held["evidence"]
    assert (ended["evidence"][3]["what"], ended["evidence"][3]["by"]) == ("end", house.pseudonym(1))
    assert ended["until"] == ended["evidence"][3]["at"]


def test_ones_own_words_are_allowed_until_they_are_taken_back(house: Engine) -> None:
    bob, brief = house.developer(2), "b" * 32

    def said(given: bool, purpose: str, **more: str) -> str:
        word = {"purpose": purpose, "given": given, **more}
        assert bob.post("/api/consents", word).status_code == 202
        moment = now(house)
        house.clock.move(SECOND_US)
        return moment

    moments = [
        said(True, "introduction", brief=brief),
        said(True, "introduction"),
        said(True, "participation"),
        said(False, "introduction", brief=brief),
        said(False, "participation"),
    ]
    seen = []
    for moment in moments:
        consents = ask(house, "bob", at=moment, basis="word")["consents"]
        seen.append({(c["purpose"], c["scope"]): c["allowed"] for c in consents})
    own, general, part = ("introduction", brief), ("introduction", None), ("participation", None)
    assert seen == [
        {own: True},
        {own: True, general: True},
        {own: True, general: True, part: True},
        {own: False, general: True, part: True},
        {own: False, general: False, part: False},
    ]


def test_purpose_and_basis_narrow_the_answer(house: Engine) -> None:
    house.push("bob", accept(house.push("alice", house.invite())))
    house.developer(2).post("/api/consents", {"purpose": "participation", "given": True})
    assert {c["basis"] for c in ask(house, "bob")["consents"]} == {"opt-in", "word"}
    assert [c["purpose"] for c in ask(house, "bob", purpose="participation")["consents"]] == ["participation"]
    assert [c["basis"] for c in ask(house, "bob", basis="opt-in")["consents"]] == ["opt-in"]
    assert ask(house, "carol") | {"at": ""} == {
        "subject": house.pseudonym(3),
        "at": "",
        "clock": "recorded",
        "final": False,
        "allowed": False,
        "consents": [],
        "next": None,
    }


def test_an_operator_asks_by_purpose_or_basis_about_everybody(house: Engine) -> None:
    for number, guest in ((2, "bob"), (3, "carol")):
        to = f"github:{number}/{guest}"
        house.push(guest, accept(house.push("alice", house.invite(to))))
        house.developer(number).post("/api/consents", {"purpose": "participation", "given": True})
    house.developer(2).post("/api/consents", {"purpose": "introduction", "given": True})
    alice, bob, carol = (house.pseudonym(number) for number in (1, 2, 3))
    opt_ins = of_all(house, purpose="sprint-match/1")
    assert [(each["subject"], each["counterpart"]) for each in opt_ins] == [
        (alice, carol),
        (carol, alice),
        (alice, bob),
        (bob, alice),
    ]
    assert of_all(house, basis="opt-in") == of_all(house, basis="opt-in", limit="1") == opt_ins
    assert {each["subject"] for each in of_all(house, purpose="participation")} == {bob, carol}
    assert [each["subject"] for each in of_all(house, purpose="introduction", basis="word")] == [bob]
    assert len(of_all(house, basis="word")) == len(of_all(house, basis="word", limit="1")) == 3
    for nothing in ({"purpose": "participation", "basis": "opt-in"}, {"purpose": "hearsay"}):
        assert of_all(house, **nothing) == []


def test_a_developer_asks_about_themselves_only(house: Engine) -> None:
    house.push("bob", accept(house.push("alice", house.invite())))
    mine = house.developer(2).get("/api/consents").json()
    assert (mine["subject"], mine["allowed"]) == (house.pseudonym(2), True)
    assert house.developer(2).get(f"/api/consents?subject={house.pseudonym(1)}").status_code == 404
    assert house.customer().get("/api/consents").status_code == 403
    assert house.nobody().get("/api/consents").status_code == 401


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "subject: whose consents?"),
        ("subject=dev_x", "subject: "),
        ("subject=dev_aaaaaaaaaaaaaaaaaaaa&at=2999-01-01T00:00:00Z", "at: it is "),
        ("subject=dev_aaaaaaaaaaaaaaaaaaaa&at=yesterday", "at: expected an RFC 3339 time"),
        ("subject=dev_aaaaaaaaaaaaaaaaaaaa&basis=hearsay", "basis: "),
        ("subject=dev_aaaaaaaaaaaaaaaaaaaa&whom=me", "whom: "),
        (
            "subject=dev_aaaaaaaaaaaaaaaaaaaa&after=1",
            "after: about one subject everything is answered at once",
        ),
        ("purpose=participation&after=x", "after: "),
        ("purpose=participation&limit=501", "limit: "),
    ],
)
def test_a_wrong_question_is_refused_by_name(house: Engine, query: str, said: str) -> None:
    answer = house.operator().get(f"/api/consents?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_an_answer_about_the_last_seconds_is_not_final(house: Engine) -> None:
    moment = now(house)
    assert not ask(house, "bob", at=moment)["final"]
    house.clock.move(SETTLED_US + 1)
    assert ask(house, "bob", at=moment)["final"]


said = likely | st.sampled_from(("introduce", "do not introduce", "play"))
QUESTIONS = ({"purpose": "sprint-match/1"}, {"purpose": "introduction"}, {"basis": "word"}, {"basis": "seat"})


@settings(max_examples=20, deadline=None)
@always(st.lists(st.tuples(said, st.sampled_from(GUESTS)), max_size=12))
def test_what_is_recorded_later_never_changes_an_answer(steps: list[tuple[str, str]]) -> None:
    """About one or everybody, at every moment between the steps, once it is final; and it tells who stood then."""
    world = World()
    known: list[tuple[str, dict[str, str], Any]] = []
    for n, (what, guest) in enumerate([("invite", "bob"), ("accept", "bob"), *steps]):
        world.step(what, guest)
        moment = now(world.house)
        world.house.clock.move(SETTLED_US + 1)
        for name in (HOST, guest):
            answer = ask(world.house, name, at=moment, purpose="sprint-match/1")
            assert answer["final"]
            assert answer["allowed"] == world.stands(name)
            known.append((name, {"purpose": "sprint-match/1", "at": moment}, answer["consents"]))
        asked = {**QUESTIONS[n % len(QUESTIONS)], "at": moment}
        known.append(("", asked, of_all(world.house, **asked)))
    for question in QUESTIONS:
        of_each = [c for name in EVERYBODY for c in ask(world.house, name, **question)["consents"]]
        assert sorted(of_all(world.house, **question), key=repr) == sorted(of_each, key=repr)
    world.house.wait(20)
    for name, asked, consents in known:
        again = ask(world.house, name, **asked)["consents"] if name else of_all(world.house, **asked)
        assert again == consents

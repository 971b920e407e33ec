"""Bad input, through the whole engine: each is named in the answer or the entry, none crashes, none confirms."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.instants import DAY_US
from tests.given import HOUSE
from tests.optin.engine import NUMBERS, Engine, accept, message, push

OTHER_TERMS, OTHER_HOUSE = "sha256:" + "00" * 32, "https://elsewhere.example"
MEGABYTES_10 = 10 * 1024 * 1024


@pytest.fixture
def house() -> Engine:
    return Engine()


def quiet(house: Engine) -> None:
    """Nothing was confirmed, and nothing is parked."""
    assert house.confirmations == 0
    assert house.of("/api/dead-letters")["letters"] == []


def test_the_same_steps_without_anything_bad_confirm(house: Engine) -> None:
    """What is refused below is refused for the one thing that is changed."""
    invitation = house.push("alice", house.invite())
    answer = house.push("bob", accept(invitation))
    assert house.status(invitation) == ("confirmed", None)
    assert house.refusal(invitation) is house.refusal(answer) is None
    assert house.confirmations == 1


# -- the message itself: the entry says why it is an ordinary commit


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text + "\nHouse-Accept: " + "1" * 40, "House-Accept is given more than once"),
        (lambda text: text + "\n  and more", "House-Origin is folded over several lines"),
        (lambda text: text.replace("House-Terms: ", "House-Terms:\n "), "House-Terms must be sha256:"),
        (lambda text: text.replace("House-Terms", "house-terms"), "House-Terms is not in exact case"),
        (lambda text: text.replace("House-Terms:", "House-Terms :"), "House-Terms has white space before"),
        (
            lambda text: text.replace("House-Accept", "House-Maybe"),
            "a trailer that begins with House- is not one the House knows",
        ),
        (lambda text: text + "\nHouse-Decline: " + "1" * 40, "found House-Accept and House-Decline"),
        (lambda text: text + "\n\nThat is all.", "House-Accept stands before the last paragraph"),
        (
            lambda text: text.replace("House-Terms", "of course\nHouse-Terms"),
            "mixes trailers with other lines",
        ),
        (lambda text: text.replace("To the House", "To the House\n\n---"), "a line --- or a scissors line"),
        (lambda text: text.removeprefix("To the House\n\n"), "the trailers are the first paragraph"),
        (
            lambda text: text.replace("House-Accept: ", "House-Accept: \udcff"),
            "House-Accept must be a commit",
        ),
        (
            lambda text: text.replace("House-Terms: sha256:ab", "House-Terms: \x00"),
            "House-Terms must be sha256:",
        ),
        (
            lambda text: text.replace("\n\n", "\n\n" + "Signed-off-by: A <a@b>\n" * (MEGABYTES_10 // 24)),
            "the last paragraph is over 65,536 characters",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_breaks_a_rule_is_an_ordinary_commit(
    house: Engine, spoil: Callable[[str], str], reason: str
) -> None:
    invitation = house.push("alice", house.invite())
    spoilt = house.push("bob", spoil(accept(invitation)).replace("\udcff", "\ufffd"))
    said = house.refusal(spoilt)
    assert said
    assert reason in said
    assert house.status(invitation) == ("invited", None)
    quiet(house)


def test_ten_megabytes_before_the_trailers_do_no_harm(house: Engine) -> None:
    invitation = house.push("alice", house.invite())
    house.push(
        "bob",
        accept(invitation).replace("To the House", "To the House\n\n" + "prose\n" * (MEGABYTES_10 // 6)),
    )
    assert house.status(invitation) == ("confirmed", None)


# -- the invitation: it is declined, and says why


@pytest.mark.parametrize(
    ("to", "changed", "reason"),
    [
        ("github:2/bob", {"House_Origin": OTHER_HOUSE}, "House-Origin is not this House"),
        (
            "github:2/bob",
            {"House_Terms": OTHER_TERMS},
            "House-Terms is not the digest of this House's notice",
        ),
        ("github:2/bob", {"House_Purpose": "newsletter/1"}, "House-Purpose must be sprint-match/1"),
        ("github:alice", {}, "nobody invites themselves"),
        ("github:ALICE", {}, "nobody invites themselves"),
        ("github:1/bob", {}, "nobody invites themselves"),
        ("github:2/bob", {"days": -1}, "House-Expires had passed on receipt"),
        ("github:2/bob", {"days": 15}, "House-Expires is more than 14 days after receipt"),
    ],
)
def test_an_invitation_that_breaks_a_rule_is_declined(
    house: Engine, to: str, changed: dict[str, Any], reason: str
) -> None:
    invitation = house.push("alice", house.invite(to, **changed))
    house.push("bob", accept(invitation))
    assert house.status(invitation) == ("declined", reason)
    assert house.refusal(invitation) == reason
    quiet(house)


@pytest.mark.parametrize("login", ["b\u043eb", "bo\u200bb", "\u212aob", "bob/x", "0/bob"])
def test_an_invited_login_that_only_looks_like_one_is_none(house: Engine, login: str) -> None:
    invitation = house.push("alice", house.invite(f"github:{login}"))
    said = house.refusal(invitation)
    assert said == "House-Invite must be github:<login> or github:<numeric id>/<login>"
    quiet(house)


def test_a_reused_id_belongs_to_the_first_invitation(house: Engine) -> None:
    first = house.push("alice", house.invite(House_Id="1" * 32))
    again = house.push("carol", house.invite(House_Id="1" * 32))
    house.push("bob", accept(again))
    reason = "its House-Id belongs to another invitation"
    assert house.status(again) == ("declined", reason)
    assert house.refusal(again) == reason
    assert house.status(first) == ("invited", None)
    quiet(house)


def test_an_invitation_to_a_login_is_not_accepted_by_who_looks_like_it(house: Engine) -> None:
    invitation = house.push("alice", house.invite("github:kob"))
    for login in ("\u212aob", "k\u043eb", "kob\u200b"):
        mallory = {"id": NUMBERS["mallory"], "login": login, "type": "User"}
        forged = house.push("mallory", accept(invitation) + f"\nSigned-off-by: {login!a}", sender=mallory)
        assert house.refusal(forged) == "the invitation is to another account"
    quiet(house)


# -- the answer: its entry says why it counts for nothing


@pytest.mark.parametrize(
    ("sender", "changed", "reason"),
    [
        ("bob", {"House_Origin": OTHER_HOUSE}, "House-Origin is not this House"),
        ("bob", {"House_Terms": OTHER_TERMS}, "House-Terms is not the digest of this House's notice"),
        ("alice", {}, "nobody answers their own invitation"),
        ("carol", {}, "the invitation is to another account"),
    ],
)
@pytest.mark.parametrize("first", ["invitation", "answer"])
def test_an_answer_that_is_wrong_counts_for_nothing(
    house: Engine, sender: str, changed: dict[str, str], reason: str, first: str
) -> None:
    asks = house.invite()
    invitation = str(push("alice", asks)["after"])
    if first == "invitation":
        house.push("alice", asks)
    answer = house.push(sender, accept(invitation, **changed))
    if first == "answer":
        house.push("alice", asks)
    assert house.refusal(answer) == reason
    quiet(house)


def test_an_answer_after_the_expiry_is_too_late(house: Engine) -> None:
    invitation = house.push("alice", house.invite(days=1))
    house.wait(2)
    answer = house.push("bob", accept(invitation))
    assert house.status(invitation) == ("expired", "no answer came in time")
    assert house.refusal(answer) == "received after the invitation had expired"
    quiet(house)


def test_an_answer_whose_invitation_never_arrives_expires(house: Engine) -> None:
    answer = house.push("bob", accept("d3" * 20))
    assert house.of("/api/optins/" + "d3" * 20)["status"] == "responded"
    house.wait(15)
    assert house.status("d3" * 20) == ("expired", "its invitation never came")
    assert house.refusal(answer) is None
    quiet(house)


def test_an_invitation_that_arrives_when_its_answer_is_over_14_days_old_is_not_answered(
    house: Engine,
) -> None:
    asks = house.invite(days=27)
    answer = house.push("bob", accept(str(push("alice", asks)["after"])))
    house.wait(14.5)
    invitation = house.push("alice", asks)
    assert house.status(invitation)[0] == "invited"
    assert house.refusal(answer) == "received over 14 days before its invitation"
    quiet(house)


@pytest.mark.parametrize("word", ["House-Decline", "House-Revoke"])
def test_a_no_that_is_another_houses_ends_nothing(house: Engine, word: str) -> None:
    invitation = house.push("alice", house.invite())
    no = house.push("bob", message({word: invitation, "House-Origin": OTHER_HOUSE}))
    assert house.refusal(no) == "House-Origin is not this House"
    assert house.status(invitation) == ("invited", None)


# -- who says it


def test_a_forged_delivery_never_becomes_an_event(house: Engine) -> None:
    invitation = house.push("alice", house.invite())
    body = json.dumps(push("bob", accept(invitation))).encode()
    answer = house.send("push", body, secret=b"guessed")
    assert answer.status == 401
    assert "signature" in answer.json["detail"].lower()
    assert house.status(invitation) == ("invited", None)
    quiet(house)


def test_an_author_line_says_nothing_about_who_pushed(house: Engine) -> None:
    invitation = house.push("alice", house.invite())
    body = push("bob", accept(invitation))
    stolen = {**body, "sender": {"id": NUMBERS["mallory"], "login": "mallory", "type": "User"}}
    assert house.send("push", json.dumps(stolen).encode()).status == 202
    assert house.refusal(body["after"]) == "the invitation is to another account"
    nameless = {**push("bob", accept(invitation) + " "), "sender": None}
    assert house.send("push", json.dumps(nameless).encode()).status == 202
    assert (
        house.refusal(nameless["after"]) == "nobody is known to say it: only the author line vouches for it"
    )
    quiet(house)


@pytest.mark.parametrize("sender", [{"id": "2", "login": "bob"}, {"id": 2.5, "login": "bob"}, "bob", [2]])
def test_a_sender_of_another_shape_is_refused_by_name(house: Engine, sender: Any) -> None:
    invitation = house.push("alice", house.invite())
    answer = house.send("push", json.dumps(push("bob", accept(invitation), sender=sender)).encode())
    assert answer.status == 400
    assert "sender" in answer.json["detail"]
    quiet(house)


def test_who_takes_over_the_invited_login_is_somebody_else(house: Engine) -> None:
    invitation = house.push("alice", house.invite("github:2/bob"))
    thief = {"id": NUMBERS["mallory"], "login": "bob", "type": "User"}
    stolen = house.push("mallory", accept(invitation), sender=thief)
    assert house.refusal(stolen) == "the invitation is to another account"
    quiet(house)
    renamed = {"id": NUMBERS["bob"], "login": "robert", "type": "User"}
    house.push("bob", accept(invitation), sender=renamed)
    assert house.status(invitation) == ("confirmed", None)


def test_a_delivery_that_is_no_text_is_refused(house: Engine) -> None:
    invitation = house.push("alice", house.invite())
    body = json.dumps(push("bob", accept(invitation))).encode()
    for spoilt in (body.replace(b"To the House", b"To the \xff\xfe"), body[:-1], b"\xff", b""):
        answer = house.send("push", spoilt)
        assert answer.status == 400
        assert answer.json["detail"]
    quiet(house)


def test_a_refused_answer_may_be_made_good(house: Engine) -> None:
    invitation = house.push("alice", house.invite())
    wrong = house.push("bob", accept(invitation, House_Terms=OTHER_TERMS))
    house.push("bob", accept(invitation))
    assert house.status(invitation) == ("confirmed", None)
    assert house.refusal(wrong) == "House-Terms is not the digest of this House's notice"
    assert HOUSE.terms != OTHER_TERMS
    house.clock.move(DAY_US)

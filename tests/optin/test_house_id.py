"""A House-Id is used once, by whoever was received first."""

from functions.optin.decide import INVITATION
from functions.optin.house_id import ASKED_MAX
from functions.optin.house_id import HOUSE_ID as OWNERSHIP
from shared.domain.event import Due
from shared.domain.optins import (
    HouseId,
    IdAskedFor,
    IdClaimed,
    IdRefused,
    InvitationAdmitted,
)
from tests.given import NOW_US, given
from tests.optin.facts import after, confirmed, invited, responded
from tests.optin.said import HASH, HOUSE_ID, accept, invite

ID_ASKED, RIVAL = IdAskedFor(HOUSE_ID, HASH, NOW_US), "1" * 40


def test_a_house_id_is_used_once() -> None:
    other = "1" * 40
    house = after(invite(), invite(anchor=other), accept(), accept(invitation=other))
    assert house.state(f"invitation/{HASH}").status == "confirmed"
    second = house.state(f"invitation/{other}")
    assert (second.status, second.reason) == ("declined", "its House-Id belongs to another invitation")
    assert IdClaimed(HOUSE_ID, HASH) in [event for _, event in house.happened]
    assert IdRefused(HOUSE_ID, other, HASH) in [event for _, event in house.happened]


def test_a_house_id_is_whose_who_was_received_first_also_when_handled_last() -> None:
    state = given(OWNERSHIP).when(invited(invite())).then(ID_ASKED)
    assert OWNERSHIP.fold.due_at_us(state) == NOW_US + 1
    for rival_us, holder, other in (
        (NOW_US - 1, RIVAL, HASH),
        (NOW_US, RIVAL, HASH),
        (NOW_US + 1, HASH, RIVAL),
    ):
        rival = IdAskedFor(HOUSE_ID, RIVAL, rival_us)
        state = (
            given(OWNERSHIP, ID_ASKED, rival)
            .when(Due(NOW_US + 1))
            .then(IdClaimed(HOUSE_ID, holder), IdRefused(HOUSE_ID, other, holder))
        )
        assert state == HouseId(HOUSE_ID, holder)
        assert OWNERSHIP.fold.due_at_us(state) is None


def test_a_copy_asks_again_only_when_it_is_earlier() -> None:
    given(OWNERSHIP, ID_ASKED).when(invited(invite())).nothing()
    earlier = invited(invite(received_at_us=NOW_US - 1))
    given(OWNERSHIP, ID_ASKED).when(earlier).then(IdAskedFor(HOUSE_ID, HASH, NOW_US - 1))
    given(OWNERSHIP, ID_ASKED, IdClaimed(HOUSE_ID, HASH)).when(earlier).nothing()


def test_few_invitations_wait_for_one_house_id() -> None:
    asked = [IdAskedFor(HOUSE_ID, f"{n:040}", NOW_US + 1 + n) for n in range(ASKED_MAX)]
    outcome = given(OWNERSHIP, *asked).when(invited(invite()))
    state = outcome.then(ID_ASKED, IdRefused(HOUSE_ID, asked[-1].invitation, HASH))
    assert list(state.asked) == [HASH, *(ask.invitation for ask in asked[:-1])]


def test_nothing_is_confirmed_before_the_house_id_is_known_to_be_unused() -> None:
    yes = accept()
    given(INVITATION, invited(invite())).when(yes).then(responded(yes, "accept"))
    outcome = given(INVITATION, invited(invite()), responded(yes, "accept")).when(IdClaimed(HOUSE_ID, HASH))
    outcome.then(InvitationAdmitted(HASH), confirmed(yes))

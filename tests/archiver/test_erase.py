"""What an erasure destroys: keys, and the raw bodies that somebody's entries came with or that invite them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from functions.archiver.erase import BODIES_US_MAX, ERASE
from functions.intake.app import ATTACHMENT_BYTES_MAX
from shared.adapters.bodies import RawBodies
from shared.adapters.keyring import Keyring
from shared.adapters.vaults import MemoryVault
from shared.adapters.wrapping import LocalWrapping
from shared.domain.archive import Erasure, ErasureBegun, SubjectErased
from shared.domain.entries import EntryRecorded
from shared.domain.event import Due, Event
from shared.domain.handles import handle_of
from shared.domain.requests import ErasureRequested
from shared.runtime.shapes import Gateways
from tests.archiver.test_act import NoWeb
from tests.gateway.house import Voice
from tests.given import HOUSE, arriving
from tests.optin.engine import NUMBERS, Engine, accept
from tests.outside import gateways


class World:
    """The engine, and an archiver with keys of its own: those of the tests are everybody's."""

    def __init__(self) -> None:
        self.house = Engine()
        self.keys = Keyring(MemoryVault(), LocalWrapping(bytes(32)), fresh_s=0.0)

    def bodies(self) -> list[str]:
        """The deliveries that still have their raw bodies."""
        store = self.house.store
        return sorted(
            view.stream.rpartition("/")[2] for view in store.states("intake") if store.attachment(view.stream)
        )

    def delivery(self, commit: str) -> str:
        """What a commit came with."""
        return str(self.house.of(f"/api/entries/{commit}")["delivery"])

    def erase(self, who: str) -> SubjectErased:
        store = self.house.store
        outside: Gateways = replace(
            gateways(NoWeb(), views=store), bodies=RawBodies(store, self.house.bucket), seals=self.keys
        )
        begun = ErasureBegun(self.house.pseudonym(NUMBERS[who]), (handle(who),), self.house.clock.now_us())
        due = arriving(Due(begun.begun_at_us), at_us=self.house.clock.now_us())

        async def act() -> Sequence[Event]:
            return await ERASE.act(Erasure(begun), due, outside)

        [erased] = asyncio.run(act())
        assert isinstance(erased, SubjectErased)
        return erased


def handle(login: str) -> str:
    return handle_of(login, HOUSE.pseudonym)


def test_bodies_of_ones_own_entries_and_of_invitations_to_one_are_deleted() -> None:
    world = World()
    invitation = world.house.push("alice", world.house.invite("github:2/bob"))
    answer = world.house.push("bob", accept(invitation))
    world.house.push("bob", "tidy up")
    others = world.house.push("alice", "tidy up, too")
    assert len(world.bodies()) == 4
    assert world.erase("bob").deliveries == 3
    assert world.bodies() == [world.delivery(others)]
    assert world.delivery(invitation) not in world.bodies(), "it names whom it is to"
    assert world.delivery(answer) not in world.bodies()


@pytest.mark.parametrize(
    "padding", ["", "p" * ATTACHMENT_BYTES_MAX], ids=["beside its record", "in the bucket"]
)
def test_a_delivery_that_comes_again_after_its_body_was_deleted_makes_nothing_new(padding: str) -> None:
    world = World()
    world.house.push("bob", "tidy up", padding=padding)
    [entry] = world.house.happened(EntryRecorded)
    assert world.erase("bob").deliveries == 1
    deliveries = [event for event in world.house.store.log if event.stream.startswith("delivery/")]
    assert world.house.shells["eventlog"].handle(deliveries) == []
    assert world.house.happened(EntryRecorded) == [entry]
    world.house.push("bob", "tidy up", padding=padding)
    assert world.bodies() == []
    assert [*world.house.bucket.names("raw/")] == []


def test_whoever_was_invited_and_never_answered_is_not_named_in_a_body_either() -> None:
    world = World()
    world.house.push("alice", world.house.invite("github:2/bob"))
    assert len(world.bodies()) == 1
    assert world.erase("bob").deliveries == 1
    assert world.bodies() == []


def test_bodies_that_are_gone_by_themselves_are_not_looked_for() -> None:
    world = World()
    world.house.push("bob", "tidy up")
    world.house.clock.move(BODIES_US_MAX + 1)
    assert world.erase("bob").deliveries == 0


def test_keys_of_the_developer_and_of_their_login_are_destroyed() -> None:
    world = World()
    me = world.house.pseudonym(NUMBERS["bob"])
    tokens = {subject: world.keys.seal(subject, "bob") for subject in (me, handle("bob"), handle("alice"))}
    world.erase("bob")
    opened = {subject: world.keys.open(subject, token or "") for subject, token in tokens.items()}
    assert opened == {me: None, handle("bob"): None, handle("alice"): "bob"}


def test_an_erasure_names_the_login_that_somebody_came_by_and_not_what_others_call_them() -> None:
    house = Engine()
    house.push("alice", house.invite("github:2/somebody-else"))
    token = house.operator().post("/api/tokens", {"role": "developer", "name": "github:2/bob"}).json()
    asked = Voice(house, token["token"]).post("/api/me/erasure", {"confirm": "erase me"})
    assert asked.status_code == 202, asked.text
    [erasure] = house.happened(ErasureRequested)
    assert erasure.handles == (handle("bob"),)

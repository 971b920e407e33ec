"""Opt-ins in the ledger: merges of two entries, of people whom nobody else can name."""

from pathlib import Path

import msgspec

from shared.domain.archive import Ledger
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash
from shared.domain.identity import subject
from shared.domain.instants import MINUTE_US, SECOND_US
from tests.given import NOW_US
from tests.ledger.publishing import ADA, Publishing, git, read, some
from tests.optin import said


def spoken(entry: EntryRecorded) -> EntryRecorded:
    return msgspec.structs.replace(entry, hash=entry_hash(entry))


def opted_in() -> tuple[Publishing, EntryRecorded, EntryRecorded]:
    """Alice invites, Bob accepts."""
    at = Publishing()
    invitation, response = spoken(said.invite()), spoken(said.accept(received_at_us=NOW_US + SECOND_US))
    at.enter([invitation, response])
    at.settle()
    at.clock.move(MINUTE_US)
    while at.shells["optin"].tick(at.clock.now_us()):
        at.settle()
    return at, invitation, response


def test_an_opt_in_merges_the_entries_of_invitation_and_response(tmp_path: Path) -> None:
    at, invitation, response = opted_in()
    at.publish()
    history = read(at, tmp_path)
    assert history.names[:2] == (invitation.hash, response.hash)
    assert (len(history.names), history.opt_ins) == (3, 1)
    repository = tmp_path / "ledger.git"
    assert git(repository, "fsck", "--strict", "--no-progress") == ""
    assert (
        git(repository, "show", "-s", "--format=%P", history.names[2]) == f"{invitation.hash} {response.hash}"
    )
    message = git(repository, "show", "-s", "--format=%B", history.names[2])
    assert f"inviter: {name(at, said.ALICE)}\n" in message
    assert f"invitee: {name(at, said.BOB)}\n" in message


def name(at: Publishing, developer: str) -> str:
    salt = at.seals.salt(developer)
    assert salt is not None
    return subject(salt, developer)


def test_an_opt_in_of_somebody_who_is_erased_is_not_published_any_more() -> None:
    at, *_ = opted_in()
    at.seals.destroy(said.BOB)
    at.publish()
    assert at.state.size == 0


def test_nobody_is_named_in_anything_that_is_published(tmp_path: Path) -> None:
    at, *_ = opted_in()
    at.agree(ADA)
    at.enter(some(2, 5))
    at.publish()
    read(at, tmp_path)
    everything = git(tmp_path / "ledger.git", "log", "-p", "--format=raw", "main")
    for person in ("dev_", "alice", "bob"):
        assert person not in everything


def test_a_revoked_opt_in_is_not_published() -> None:
    at, *_ = opted_in()
    at.enter([spoken(said.revoke(received_at_us=NOW_US + MINUTE_US))])
    assert at.publish() == Ledger()


def test_an_opt_in_with_a_withheld_entry_is_not_published() -> None:
    at, invitation, _ = opted_in()
    at.withhold(invitation)
    assert at.publish() == Ledger()

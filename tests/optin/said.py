"""Entries as alice and bob would make them."""

from hashlib import sha1

from shared.domain.entries import EntryRecorded
from shared.domain.handles import addressed, handle_of
from shared.domain.instants import DAY_US, rfc3339
from tests.given import HOUSE, NOW_US

ALICE, BOB, CAROL = (HOUSE.pseudonym(f"github:{n}") for n in (1, 2, 3))
LOGINS = {ALICE: "alice", BOB: "bob", CAROL: "carol"}
HASH = "d3ae11d966e0641aac118fab551f1273d400af93"
HOUSE_ID = "0f" * 16


def commit(actor: str, said: dict[str, str], received_at_us: int, anchor: str | None = None) -> EntryRecorded:
    """A pushed commit with House trailers."""
    made_of = repr((actor, sorted(said.items()), received_at_us)).encode()
    return EntryRecorded(
        hash=sha1(b"entry" + made_of).hexdigest(),
        kind="commit",
        received_at_us=received_at_us,
        delivery="0" * 64,
        actor=actor,
        actor_login=LOGINS.get(actor, actor),
        actor_handle=handle_of(LOGINS.get(actor, actor), HOUSE.pseudonym),
        anchor=anchor or sha1(made_of).hexdigest(),
        **addressed(said, HOUSE.pseudonym),
    )


def invite(
    actor: str = ALICE,
    invitee: str = "bob",
    expires_us: int = NOW_US + 7 * DAY_US,
    received_at_us: int = NOW_US,
    anchor: str = HASH,
    **changed: str,
) -> EntryRecorded:
    """An inviting commit, by default alice's to bob; `changed` are trailers, as in House_Terms="…"."""
    said = {
        "House-Invite": f"github:{invitee}",
        "House-Purpose": "sprint-match/1",
        "House-Terms": HOUSE.terms,
        "House-Origin": HOUSE.origin,
        "House-Id": HOUSE_ID,
        "House-Expires": rfc3339(expires_us),
    }
    return commit(actor, said | _trailers(changed), received_at_us, anchor)


def accept(
    actor: str = BOB, received_at_us: int = NOW_US, invitation: str = HASH, **changed: str
) -> EntryRecorded:
    """A yes, by default bob's."""
    said = {"House-Accept": invitation, "House-Terms": HOUSE.terms, "House-Origin": HOUSE.origin}
    return commit(actor, said | _trailers(changed), received_at_us)


def decline(actor: str = BOB, received_at_us: int = NOW_US) -> EntryRecorded:
    """A no, by default bob's."""
    return commit(actor, {"House-Decline": HASH, "House-Origin": HOUSE.origin}, received_at_us)


def revoke(actor: str = BOB, received_at_us: int = NOW_US, **changed: str) -> EntryRecorded:
    """Either's taking back, by default bob's."""
    said = {"House-Revoke": HASH, "House-Origin": HOUSE.origin}
    return commit(actor, said | _trailers(changed), received_at_us)


def _trailers(changed: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in changed.items()}

"""The topic `entries`: who did what to which repository. Written by eventlog."""

from typing import Annotated

from shared.domain.event import Event, event, of
from shared.domain.grades import Grade
from shared.domain.trailers import ANSWERING


@event("house.eventlog.entry-recorded.v1")
class EntryRecorded(Event, frozen=True):
    """One line of the event log. Stream: `entry/<hash>`, its whole life.

    `hash` is the SHA-1 of the entry's own deterministic git commit; `anchor` the commit the entry is about.
    `kind` reads `commit`, `push` (one without commits), `star`, `unstar`, `fork`, … or `<event>[.<action>]`.
    `actor` and `owner` are pseudonyms; `owner` is absent when an organization owns what was acted on.
    `trailers` are the House's trailers of the commit message when they are well formed; `refusal` says why the
    commit is an ordinary one although its message tries to speak to the House. `delivery` is the digest of
    the delivery it was parsed from, `ordinal` its place among that delivery's entries. Of grade `signed` it is a
    commit that was sent by itself: `fingerprint` is the key's, and `delivery` the commit's SHA-256 object hash;
    `unproven` where only GitHub says whose key it is.
    `actor_handle` and `invitee_handle` stand for logins (see handles); `invitee` is whom House-Invite names by number.
    """

    hash: str
    kind: str
    received_at_us: int
    delivery: str
    actor: str | None = None
    owner: str | None = None
    actor_login: Annotated[str, of("actor")] | None = None
    repository: Annotated[str, of("owner")] | None = None
    repository_id: int | None = None
    action: str | None = None
    ref: Annotated[str, of("actor")] | None = None
    anchor: str | None = None
    parent: str | None = None
    added: int = 0
    removed: int = 0
    modified: int = 0
    committed_at_us: int | None = None
    forced: bool = False
    deleted: bool = False
    tag: bool = False
    trailers: dict[str, str] | None = None
    refusal: str | None = None
    grade: Grade = "platform"
    ordinal: int = 0
    fingerprint: str | None = None
    actor_handle: str | None = None
    invitee: str | None = None
    invitee_handle: str | None = None
    invitee_login: Annotated[str, of("invitee_handle")] | None = None
    unproven: bool = False

    @property
    def parties(self) -> tuple[str, ...]:
        """The one or two developers concerned, in order, or none when nobody known is."""
        return tuple(sorted({party for party in (self.actor, self.owner) if party}))

    @property
    def invitation(self) -> str | None:
        """The hash of the invitation that its trailers make or answer, or None where they do neither."""
        said = self.trailers or {}
        if "House-Invite" in said:
            return self.anchor
        return next((said[key] for key in ANSWERING if key in said), None)


def sentence(entry: EntryRecorded) -> str:
    """How the entry reads in the log: `dev_ab… starred repository [octo/hello]`.

    The repository is shown as it is; who may see it is the reader's concern (gateway).
    """
    if entry.grade == "signed" and entry.repository is None:
        return f"({entry.actor}) signed commit {(entry.anchor or '')[:12]}"
    who, what = (
        entry.actor or "someone",
        f"[{entry.repository}]" if entry.repository else "nothing in particular",
    )
    verbs = {
        "commit": f"pushed commit {(entry.anchor or '')[:12]} to",
        "push": f"{'deleted' if entry.deleted else 'moved'} {entry.ref} of",
        "star": "starred repository",
        "unstar": "unstarred repository",
        "fork": "forked repository",
        "watch": "watches repository",
        "create": f"created {entry.ref or 'a ref'} in",
        "delete": f"deleted {entry.ref or 'a ref'} of",
        "member": f"{entry.action or 'changed'} a member of",
        "organization": f"{(entry.action or 'changed').replace('_', ' ')} in an organization,",
        "public": "made public repository",
        "ping": "connected the webhook of",
    }
    event_name, _, action = entry.kind.partition(".")
    readable = f"{event_name.replace('_', ' ')} {action.replace('_', ' ')}".strip()
    return f"({who}) {verbs.get(entry.kind, f'did «{readable}» on')} {what}"

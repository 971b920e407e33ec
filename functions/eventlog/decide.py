"""Event log: each delivery becomes the entries that say who did what to which repository.

Reads DeliveryAccepted with its raw body, and CommitAttested. Emits EntryRecorded. Stream: entry/<hash>, its whole life.

A push makes one entry for each of its commits, or one where it has none; any other delivery makes one. Which
entries a delivery makes, and their hashes, depend on nothing but the delivery and the node's pepper. A signed commit
that was sent by itself makes one, said by whoever signed it.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from shared.domain import github
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.entries import EntryRecorded
from shared.domain.entry_hash import entry_hash
from shared.domain.event import Input
from shared.domain.evidence import CommitAttested
from shared.domain.github import Account, Commit, Payload, Push
from shared.domain.handles import addressed, handle_of
from shared.domain.instants import SECOND_US, from_rfc3339
from shared.domain.trailers import Refusal, parse
from shared.runtime.shapes import Fold

_YEAR_10000_US = 253_402_300_800 * SECOND_US
FORGOTTEN = b""
"""In place of a raw body that went with an erasure. It was found by the entries it had made: there are no others."""
# An action may be free text (repository_dispatch), which a kind may not.
_ACTION = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def recorded(_: EntryRecorded | None, happened: EntryRecorded) -> EntryRecorded:
    """An entry's whole life is its being recorded."""
    return happened


def found_by(entry: EntryRecorded | None) -> frozenset[str]:
    """An entry is found by its kind, by each party and by the commit it is about."""
    if entry is None:
        return frozenset()
    tags = {f"kind:{entry.kind}", *(f"party:{party}" for party in entry.parties)}
    return frozenset(tags | {f"anchor:{entry.anchor}"} if entry.anchor else tags)


ENTRY: Fold[EntryRecorded | None] = Fold(
    prefix="entry",
    state=EntryRecorded,
    initial=None,
    evolve=recorded,
    tags=found_by,
    whole=True,
)


def spread(happening: Input) -> list[tuple[str, EntryRecorded]]:
    """Each entry of a delivery with its stream."""
    return [(f"entry/{entry.hash}", entry) for entry in entries(happening)]


def entries(happening: Input) -> list[EntryRecorded]:
    """The entries of a delivery, in the order of its commits; at most `github.COMMITS_MAX`."""
    delivery = happening.body
    if isinstance(delivery, CommitAttested):
        return [_of_attested(delivery)]
    assert isinstance(delivery, DeliveryAccepted)
    if delivery.source != "github":
        return [_entry(delivery, delivery.kind, grade="claimed")]
    if happening.attachment == FORGOTTEN:
        return []
    if happening.attachment is None:
        return [_entry(delivery, delivery.kind, grade="claimed", refusal="raw body expired")]
    try:
        document = github.form_payload(happening.attachment) if delivery.form else happening.attachment
        payload = github.read(delivery.kind, document)
    except (ValueError, RecursionError):
        # The edge has read it before, under other limits of this process: the delivery still leaves a trace.
        return [_entry(delivery, delivery.kind, grade="claimed", refusal="raw body unreadable")]
    facts = _who_and_where(payload, happening.house.pseudonym)
    if isinstance(payload, Push):
        return _of_push(delivery, payload, facts, happening.house.pseudonym)
    return [_entry(delivery, **_kind(delivery.kind, payload), **facts)]


def _of_attested(attested: CommitAttested) -> EntryRecorded:
    """The entry of a commit that its signer, or anybody else, sent by itself."""
    return _named(
        EntryRecorded(
            hash="",
            kind="commit",
            received_at_us=attested.received_at_us,
            delivery=attested.digest,
            actor=attested.signer,
            actor_login=attested.signer_login,
            actor_handle=attested.signer_handle,
            anchor=attested.commit,
            parent=attested.parent,
            committed_at_us=attested.committed_at_us,
            trailers=attested.trailers,
            invitee=attested.invitee,
            invitee_handle=attested.invitee_handle,
            invitee_login=attested.invitee_login,
            refusal=attested.refusal,
            grade="signed",
            fingerprint=attested.fingerprint,
            unproven=attested.source == "github",
        )
    )


def _entry(delivery: DeliveryAccepted, kind: str, ordinal: int = 0, **facts: Any) -> EntryRecorded:
    """An entry of the delivery, under its own hash."""
    return _named(
        EntryRecorded(
            hash="",
            kind=kind,
            received_at_us=delivery.received_at_us,
            delivery=delivery.digest,
            ordinal=ordinal,
            **facts,
        )
    )


def _named(unnamed: EntryRecorded) -> EntryRecorded:
    return msgspec.structs.replace(unnamed, hash=entry_hash(unnamed))


def _who_and_where(payload: Payload, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """The parties and the repository. Only `sender.id`, which the signature covers, makes grade platform."""
    sender, repository = payload.sender or Account(), payload.repository
    owner = repository.owner if repository else None
    return {
        "actor": None if sender.id is None else pseudonym(f"github:{sender.id}"),
        "actor_login": sender.login,
        "actor_handle": handle_of(sender.login, pseudonym) if sender.login else None,
        "owner": pseudonym(f"github:{owner.id}")
        if owner and owner.id is not None and owner.type == "User"
        else None,
        "repository": repository.full_name if repository else None,
        "repository_id": repository.id if repository else None,
        "grade": "claimed" if sender.id is None else "platform",
    }


def _kind(event: str, payload: Payload) -> dict[str, Any]:
    """What happened: the kind, the action and, for a created or deleted one, the ref."""
    action = payload.action if payload.action and _ACTION.fullmatch(payload.action) else None
    match payload:
        case github.Star():
            return {"kind": "star" if payload.action == "created" else "unstar", "action": action}
        case github.RefChanged():
            return {"kind": event, "ref": payload.ref, "tag": payload.ref_type == "tag"}
        case _ if event in github.KNOWN or action is None:
            return {"kind": event, "action": action}
        case _:
            return {"kind": f"{event}.{action}", "action": action}


def _of_push(
    delivery: DeliveryAccepted, push: Push, facts: dict[str, Any], pseudonym: Callable[[str], str]
) -> list[EntryRecorded]:
    """One entry per commit; one for a push that brings none: a tag, a deleted, empty or moved branch."""
    facts = {
        **facts,
        "ref": push.ref,
        "forced": push.forced,
        "deleted": push.deleted,
        "tag": push.ref.startswith("refs/tags/"),
    }
    if not push.commits:
        return [_entry(delivery, "push", anchor=push.head_commit.id if push.head_commit else None, **facts)]
    # After a forced push the first commit's parent is not what the ref pointed at before.
    before = None if push.forced or not push.before.strip("0") else push.before
    parents = [before, *(commit.id for commit in push.commits)]
    return [
        _entry(
            delivery,
            "commit",
            ordinal,
            anchor=commit.id,
            parent=parent,
            **facts,
            **_of_commit(commit, pseudonym),
        )
        for ordinal, (commit, parent) in enumerate(zip(push.commits, parents, strict=False))
    ]


def _of_commit(commit: Commit, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """What a commit says of itself: how much it changes, when it was made, and what it tells the House."""
    said = parse(commit.message)
    return {
        "added": len(commit.added),
        "removed": len(commit.removed),
        "modified": len(commit.modified),
        "committed_at_us": _instant(commit.timestamp),
        **addressed(said if isinstance(said, dict) else None, pseudonym),
        "refusal": said.reason if isinstance(said, Refusal) else None,
    }


def _instant(timestamp: str | None) -> int | None:
    """The instant, or None where an author's clock wrote one before 1970, after 9999, or none at all."""
    try:
        instant_us = from_rfc3339(timestamp) if timestamp else -1
    except (ValueError, OverflowError):
        return None
    return instant_us if 0 <= instant_us < _YEAR_10000_US else None

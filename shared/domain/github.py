"""GitHub's webhook payloads, as far as the House reads them.

Structs name only the fields in use; msgspec checks those and skips the rest. `X-GitHub-Event` is not covered
by the signature, so the kind it gives is a hint that has to fit the body: the fields of the kind's struct
must be there, and the mark by which a kind is told apart must be there for that kind and for no other.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from typing import Annotated, Literal
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

COMMITS_MAX = 2048
"""GitHub sends at most so many commits in one push."""

Name = Annotated[str, Meta(max_length=256)]
Ref = Annotated[str, Meta(max_length=1024)]
CommitHash = Annotated[str, Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})\Z")]


class Account(Struct, frozen=True, kw_only=True):
    """A user, bot or organization. Owners in old push payloads have neither id nor type."""

    id: int | None = None
    login: Name | None = None
    type: Name | None = None


class Repository(Struct, frozen=True, kw_only=True):
    """A repository."""

    id: int | None = None
    full_name: Name | None = None
    owner: Account | None = None


class Payload(Struct, frozen=True, kw_only=True):
    """What any event may say. The raw fields are marks: only their presence counts."""

    action: Name | None = None
    sender: Account | None = None
    repository: Repository | None = None
    pusher: Raw | UnsetType = UNSET
    starred_at: Raw | UnsetType = UNSET
    forkee: Raw | UnsetType = UNSET
    zen: Raw | UnsetType = UNSET
    master_branch: Raw | UnsetType = UNSET


class Commit(Struct, frozen=True, kw_only=True):
    """One commit of a push. Of the changed files only the numbers are used."""

    id: CommitHash
    message: str
    timestamp: Annotated[str, Meta(max_length=64)] | None = None
    added: list[str] = []
    removed: list[str] = []
    modified: list[str] = []


class Head(Struct, frozen=True, kw_only=True):
    """The commit a pushed ref ends at, also where the ref is a tag."""

    id: CommitHash


class Push(Payload, frozen=True, kw_only=True):
    """Commits were pushed, or a ref was made, moved or deleted."""

    repository: Repository
    ref: Ref
    before: CommitHash
    after: CommitHash
    commits: Annotated[list[Commit], Meta(max_length=COMMITS_MAX)]
    head_commit: Head | None = None
    forced: bool = False
    deleted: bool = False


class Star(Payload, frozen=True, kw_only=True):
    """A star was given or taken back."""

    action: Literal["created", "deleted"]
    repository: Repository


class Watch(Payload, frozen=True, kw_only=True):
    """GitHub's older word for a star."""

    action: Literal["started"]
    repository: Repository


class Fork(Payload, frozen=True, kw_only=True):
    """A repository was forked."""

    repository: Repository


class RefChanged(Payload, frozen=True, kw_only=True):
    """A branch or tag was created or deleted. The ref is null where a repository was created."""

    repository: Repository
    ref: Ref | None
    ref_type: Name


class Member(Payload, frozen=True, kw_only=True):
    """A collaborator was added, removed or changed."""

    action: Name
    member: Account | None
    repository: Repository


class Organization(Payload, frozen=True, kw_only=True):
    """An organization or its membership changed."""

    action: Name
    organization: Account


class Public(Payload, frozen=True, kw_only=True):
    """A repository was made public."""

    action: None = None
    repository: Repository


class Ping(Payload, frozen=True, kw_only=True):
    """The webhook was connected."""

    hook_id: int


class _Marks(Struct, frozen=True, kw_only=True):
    pusher: Raw | UnsetType = UNSET
    starred_at: Raw | UnsetType = UNSET
    forkee: Raw | UnsetType = UNSET
    zen: Raw | UnsetType = UNSET
    master_branch: Raw | UnsetType = UNSET


_KNOWN: dict[str, msgspec.json.Decoder[Payload]] = {
    event: msgspec.json.Decoder(shape)
    for event, shape in (
        ("push", Push),
        ("star", Star),
        ("watch", Watch),
        ("fork", Fork),
        ("create", RefChanged),
        ("delete", RefChanged),
        ("member", Member),
        ("organization", Organization),
        ("public", Public),
        ("ping", Ping),
    )
}
KNOWN = frozenset(_KNOWN)
"""The events that have kinds of their own."""

_MARKS = (
    ("push", "pusher"),
    ("star", "starred_at"),
    ("fork", "forkee"),
    ("ping", "zen"),
    ("create", "master_branch"),
)
_anything = msgspec.json.Decoder(Payload)
_marks = msgspec.json.Decoder(_Marks)


def read(event: str, document: bytes) -> Payload:
    """The payload that the JSON `document` holds, if it can be one of `event`.

    Any JSON object will do for an event that has no kind of its own, unless it is marked as one that has.

    Raises:
        msgspec.ValidationError: it cannot; the message names the field and what was expected.
        msgspec.DecodeError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    known = _KNOWN.get(event)
    payload: Payload | _Marks
    if known is not None:
        payload = known.decode(document)
    else:
        try:
            payload = _anything.decode(document)
        except msgspec.ValidationError:
            payload = _marks.decode(document)
    for kind, mark in _MARKS:
        marked = getattr(payload, mark) is not UNSET
        if marked and kind != event:
            raise msgspec.ValidationError(f"Expected no field `{mark}`, which marks the event `{kind}`")
        if kind == event and not marked:
            raise msgspec.ValidationError(f"Object missing required field `{mark}`")
    return payload if isinstance(payload, Payload) else Payload()


def form_payload(body: bytes) -> bytes:
    """The JSON in the field `payload` of a form-encoded body.

    Raises:
        ValueError: there is not exactly one such field.
    """
    found = [field[8:] for field in body.split(b"&") if field.startswith(b"payload=")]
    if len(found) != 1:
        raise ValueError(f"expected exactly one form field `payload`, found {len(found)}")
    return unquote_to_bytes(found[0].replace(b"+", b" "))

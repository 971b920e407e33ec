"""The event log: deliveries, entries, journeys, and what became of an invitation."""

from typing import Any, Literal

from pydantic import ConfigDict

from functions.gateway.answers import Body, Done


class Delivered(Done):
    """`delivery` is the digest of the body."""

    delivery: str


Standing = Literal["recorded", "confirmed", "withheld"]


class Entry(Body):
    """One line of the event log."""

    hash: str
    kind: str
    action: str | None
    sentence: str
    actor: str | None
    owner: str | None
    repository: str | None
    ref: str | None
    anchor: str | None
    parent: str | None
    added: int
    removed: int
    modified: int
    committed_at: str | None
    received_at: str
    forced: bool
    deleted: bool
    tag: bool
    refusal: str | None
    standing: Standing
    correlationid: str
    delivery: str


class Entries(Body):
    """One page of entries, newest first; `next` continues to older ones."""

    entries: list[Entry]
    next: str | None


class CloudEvent(Body):
    """An event in CloudEvents 1.0 form."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    recordedtime: str
    datacontenttype: str
    correlationid: str
    causationid: str
    sequence: str
    data: dict[str, Any]


class Journey(Body):
    """All events of one correlation id that the reader may see, in the order in which they were recorded."""

    correlationid: str
    events: list[CloudEvent]


class Events(Body):
    """Events of the log, oldest first; `next` is where to go on."""

    events: list[CloudEvent]
    next: int


class OptIn(Body):
    """What became of an invitation. `invitee` is the login it is to."""

    invitation: str
    status: str
    parties: list[str]
    invitee: str | None
    purpose: str | None
    terms: str | None
    invited_at: str | None
    expires_at: str | None
    confirmed_at: str | None
    response: str | None
    reason: str | None

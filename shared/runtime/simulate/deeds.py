"""Deeds: single requests as they reach the House, from GitHub or through the gateway's edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from shared.domain.event import Event

FIRST_IDENTITY = 1_000


class Webhook(Struct, frozen=True):
    """One request to GitHub's webhook. `entries` it must make; none, and no delivery, where it is forged."""

    at_us: int
    event: str
    body: bytes
    entries: int
    forged: bool = False


class Request(Struct, frozen=True):
    """One event that the gateway's edge has let through; `key` makes a repeated request the same one."""

    at_us: int
    key: str
    stream: str
    body: Event


Item = Webhook | Request
Draft = Callable[[int], Item]
"""A deed that has no instant yet."""


def of_person(developer: str, deed: str, at_us: int, body: Event) -> Request:
    """What a developer asked of the gateway."""
    return Request(at_us, f"{developer} {deed}", f"person/{developer}", body)


def of_client(client: str, key: str, body: Event, at_us: int) -> Request:
    """What a client asked of the gateway."""
    return Request(at_us, key, f"client/{client}", body)


def push(
    sender: int,
    owner: int,
    commits: Sequence[tuple[str, str]],
    *,
    known: bool = True,
    forged: bool = False,
) -> Draft:
    """Commits (hash, message) pushed to `owner`'s repository; `known`: GitHub says who sent them."""
    payload: dict[str, object] = {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": commits[-1][0],
        "pusher": {"name": f"dev{sender}"},
        "commits": [{"id": commit, "message": message, "added": ["a"]} for commit, message in commits],
    }
    return partial(webhook, "push", payload, sender if known else None, owner, len(commits), forged)


def webhook(
    event: str,
    payload: dict[str, object],
    sender: int | None,
    owner: int,
    entries: int,
    forged: bool,
    at_us: int,
) -> Webhook:
    """A webhook request with this payload, from nobody known where `sender` is None."""
    repository = {"id": 500 + owner, "full_name": f"dev{owner}/work", "owner": _account(owner)}
    said_by = {} if sender is None else {"sender": _account(sender)}
    body = msgspec.json.encode({**payload, "repository": repository, **said_by})
    return Webhook(at_us, event, body, entries, forged)


def _account(n: int) -> dict[str, object]:
    return {"id": FIRST_IDENTITY + n, "login": f"dev{n}", "type": "User"}

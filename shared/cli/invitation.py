"""An invitation, as somebody finds it who answers it: in a git repository, or at the node."""

from __future__ import annotations

import argparse
import os
import re
import time
from dataclasses import dataclass

from shared.cli import statement
from shared.cli.api import node
from shared.cli.failures import Failure, Misuse
from shared.cli.own_repository import OwnRepository
from shared.domain.instants import SECOND_US, from_rfc3339
from shared.domain.trailers import Refusal, parse

_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Invitation:
    """What an answer has to repeat, and until when and by whom it may be given.

    `invitee` reads `<login>` or `<number>/<login>`, where it is known; `status` is the node's word, where it was asked.
    """

    commit: str
    terms: str
    origin: str
    expires_at_us: int | None
    invitee: str | None
    status: str | None = None


def find(args: argparse.Namespace) -> Invitation:
    """The invitation, from the repository that has its commit (`--invitation`, `--repo`), else from the node.

    Raises:
        Misuse: it is no invitation, or nowhere to be found.
        Failure: the node does not answer.
    """
    paths = [path for path in (getattr(args, "invitation", None), args.repo) if path]
    for path in paths:
        repository = OwnRepository.at(path)
        commit = repository.find(args.hash)
        if commit:
            return _of_commit(commit, repository.message(commit))
    looked = " or ".join(paths)
    if not is_whole(args.hash):
        raise Misuse(f"{args.hash} is no commit of {looked}; of others the whole hash is needed")
    return _of_node(args, looked)


def is_whole(commit: str) -> bool:
    """Whether it is a whole hash, and not the beginning of one."""
    return bool(_WHOLE.fullmatch(commit))


def _of_commit(commit: str, message: str) -> Invitation:
    said = parse(message)
    if isinstance(said, Refusal):
        raise Misuse(f"{commit[:12]} is no invitation: {said.reason}")
    if said is None or "House-Invite" not in said:
        raise Misuse(f"{commit[:12]} is no invitation: it says no House-Invite")
    return Invitation(
        commit,
        said["House-Terms"],
        said["House-Origin"],
        from_rfc3339(said["House-Expires"]),
        said["House-Invite"].removeprefix("github:"),
    )


def _of_node(args: argparse.Namespace, looked: str) -> Invitation:
    token = os.environ.get("HOUSE_TOKEN", "").strip()
    if not token:
        raise Misuse(
            f"{args.hash[:12]} is not in {looked}: fetch it, name a clone that has it with --invitation, "
            "or set HOUSE_TOKEN to ask the node"
        )
    api = node(args, token)
    found = api.get(f"/api/optins/{args.hash}")
    if not found["invited_at"]:
        raise Misuse(f"the node has not seen invitation {args.hash[:12]} yet ({found['status']})")
    origin = api.get("/api/house")["origin"]
    expires_at_us = from_rfc3339(found["expires_at"]) if found["expires_at"] else None
    return Invitation(args.hash, found["terms"], origin, expires_at_us, found["invitee"], found["status"])


def check_answerable(args: argparse.Namespace, invitation: Invitation, own: str | None) -> None:
    """Whether the user may accept or decline it, as far as can be known here.

    Raises:
        Failure: it is over, another House's, of another notice, or somebody else's to answer.
    """
    short = invitation.commit[:12]
    if invitation.status not in (None, "invited", "responded"):
        raise Failure(f"invitation {short} is {invitation.status} already")
    if invitation.expires_at_us is not None and invitation.expires_at_us < time.time() * SECOND_US:
        raise Failure(f"invitation {short} has expired")
    invitee = (invitation.invitee or "").rpartition("/")[2]
    if own and invitee and own.lower() != invitee.lower():
        raise Failure(f"invitation {short} is to {invitee}, and you are {own}")
    if args.origin and args.origin != invitation.origin:
        raise Failure(f"invitation {short} is of {invitation.origin}, and not of {args.origin}")
    told = _told(args)
    if told and told.origin != invitation.origin:
        raise Failure(f"invitation {short} is of {invitation.origin}, and this House is {told.origin}")
    if told and told.terms != invitation.terms:
        raise Failure(f"invitation {short} agrees to another notice than this House's")


def _told(args: argparse.Namespace) -> statement.HouseTold | None:
    """What the node says of itself, where it is known which node that is."""
    if args.origin:
        return None
    try:
        return statement.house_told(args)
    except Misuse:
        return None

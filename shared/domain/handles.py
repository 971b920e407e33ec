"""Handles: a login as the House knows it, so that two can be compared and none has to be kept.

A handle is to a login what a pseudonym is to an account's number; the case of
ASCII letters plays no part in it, as on GitHub, and nothing else folds. It is the
subject whose key seals the login of somebody who is invited by it, whose number nobody has said yet.
"""

from collections.abc import Callable, Mapping
from typing import Any

INVITING = "House-Invite"


def handle_of(login: str, pseudonym: Callable[[str], str]) -> str:
    """`login_` and twenty digits of base32, made with the node's pepper."""
    return "login_" + pseudonym(f"login:{login.encode().lower().decode()}").removeprefix("dev_")


def addressed(said: Mapping[str, str] | None, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """The trailers of an entry and whom they invite, with nothing left in the trailers that names a person.

    `House-Invite: github:42/bob` becomes `github:login_…`; `invitee` is the pseudonym of number 42 where it is said,
    `invitee_handle` and `invitee_login` are bob's.
    """
    if said is None or INVITING not in said:
        return {"trailers": said}
    number, _, login = said[INVITING].removeprefix("github:").rpartition("/")
    handle = handle_of(login, pseudonym)
    return {
        "trailers": {**said, INVITING: f"github:{handle}"},
        "invitee": pseudonym(f"github:{number}") if number else None,
        "invitee_handle": handle,
        "invitee_login": login,
    }

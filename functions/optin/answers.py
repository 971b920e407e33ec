"""Whose answers count: an invitation is to one account, and its number decides which. Pure.

Where House-Invite gives the number, the invitee is that account, whatever it is called by now. A login alone is the
account's that answers first under it, by receipt; that account stays the invitee when it is renamed, and whoever
takes the login over is somebody else.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from functions.optin.copies import merged
from shared.domain.optins import INVITATION_US_MAX, Invited, Responded

ANSWERS_MAX = 64
"""Answers kept while the invitation is unknown; afterwards only those of the two parties are."""


def invitee(invited: Invited, answers: Sequence[Responded]) -> str | None:
    """The invited account, or None while nobody has answered under its login."""
    if invited.invitee is not None:
        return invited.invitee
    first = min(
        (given for given in answers if _named(invited, given)),
        key=lambda given: (given.received_at_us, given.entry),
        default=None,
    )
    return None if first is None else first.responder


def _named(invited: Invited, given: Responded) -> bool:
    """Whether it was given under the invited login, and not so early that the login may have been another's."""
    early = given.received_at_us < invited.received_at_us - INVITATION_US_MAX
    return _under_login(invited, given) and given.responder != invited.inviter and not early


def _under_login(invited: Invited, given: Responded) -> bool:
    """Whether the answer came from the login that was invited. What was recorded before handles were, had none."""
    return bool(invited.invitee_handle) and given.responder_handle == invited.invitee_handle


def refusal(invited: Invited, account: str | None, given: Responded) -> str | None:
    """Why an answer counts for nothing, when the invitation is to `account`."""
    if given.responder == invited.inviter:
        return None if given.answer == "revoke" else "nobody answers their own invitation"
    if given.answer == "accept" and given.received_at_us < invited.received_at_us - INVITATION_US_MAX:
        return "received over 14 days before its invitation"
    if given.responder != account:
        taken_over = invited.invitee is None and _under_login(invited, given)
        who = "the account that first answered under this login" if taken_over else "another account"
        return f"the invitation is to {who}"
    if given.answer == "accept" and given.received_at_us > invited.expires_at_us:
        return "received after the invitation had expired"
    return None


def kept(invited: Invited | None, answers: Sequence[Responded]) -> tuple[Responded, ...]:
    """Of each speaker the earliest answer of each kind, in order of receipt; once known, only the parties'.

    An acceptance with a House-Since is of another kind than one without, and what is said under the invited login than
    what is said under another: by the one the invitee may be known, who was called otherwise before.
    """
    earliest: dict[tuple[str, str, str | None, bool, str], Responded] = {}
    for given in sorted(answers, key=lambda one: (one.received_at_us, one.entry)):
        login = given.responder_handle if invited is None or _under_login(invited, given) else ""
        kind = (given.responder, given.answer, given.refusal, given.since_us is not None, login)
        first = earliest.setdefault(kind, given)
        if first.response == given.response:
            earliest[kind] = merged(first, given)
    found = tuple(earliest.values())
    if invited is None:
        return _of_many(found)
    counts = counting(invited, found)
    rivals = list(islice((one for one in found if _may_turn_out(invited, one)), ANSWERS_MAX))
    return tuple(one for one in found if one in counts or one in rivals)


def _of_many(found: Sequence[Responded]) -> tuple[Responded, ...]:
    """The first answer of everybody goes before the second of anybody: nobody takes all places alone."""
    said = Counter[str]()
    places: list[tuple[int, int]] = []
    for number, one in sorted(enumerate(found), key=lambda each: each[1].refusal is not None):
        places.append((said[one.responder], number))
        said[one.responder] += 1
    return tuple(found[number] for number in sorted(number for _, number in sorted(places)[:ANSWERS_MAX]))


def _may_turn_out(invited: Invited, given: Responded) -> bool:
    """Whether it must not get lost, as an earlier answer may yet show whose the login was when it was invited."""
    to_a_login = invited.invitee is None and given.responder != invited.inviter
    return to_a_login and (given.answer != "accept" or _named(invited, given))


def counting(invited: Invited, answers: Sequence[Responded]) -> list[Responded]:
    """Of the answers kept those that count by what is known now."""
    account = invitee(invited, answers)
    return [given for given in answers if refusal(invited, account, given) is None]

"""An opt-in's commit: a merge of the invitation's entry and the response's, made from its public facts alone.

Two developers are in it only as `sub_` pseudonyms, each by a salt of their own: once that is destroyed, nobody can
tell any more whom it names, while the commit and everything that vouches for it stays as it is.
"""

import re
from typing import cast

from msgspec import Struct

from shared.domain.git_objects import EMPTY_TREE, Commit, commit_of
from shared.domain.grades import Grade
from shared.domain.instants import SECOND_US, from_rfc3339, rfc3339

_MESSAGE = re.compile(
    r"house opt-in/1\n\nkind: opt-in\npurpose: (\S{1,128})\nterms: (sha256:[0-9a-f]{64})\n"
    r"grade: (signed|platform|claimed)\ninviter: (sub_[a-z2-7]{20})\ninvitee: (sub_[a-z2-7]{20})\n"
    r"invited: (\S{20,32})\nresponded: (\S{20,32})\nconfirmed: (\S{20,32})\n"
)


class OptInFacts(Struct, frozen=True):
    """What an opt-in's commit says. `invitation` and `response` are entries, its parents.

    `inviter` and `invitee` are `sub_` pseudonyms; `grade` is the lesser of the two entries' evidence.
    """

    invitation: str
    response: str
    purpose: str
    terms: str
    grade: Grade
    inviter: str
    invitee: str
    invited_at_us: int
    responded_at_us: int
    confirmed_at_us: int

    @property
    def raw(self) -> bytes:
        """The opt-in's commit as git stores it, without the header."""
        message = (
            f"house opt-in/1\n\nkind: opt-in\npurpose: {self.purpose}\nterms: {self.terms}\n"
            f"grade: {self.grade}\ninviter: {self.inviter}\ninvitee: {self.invitee}\n"
            f"invited: {rfc3339(self.invited_at_us)}\n"
            f"responded: {rfc3339(self.responded_at_us)}\n"
            f"confirmed: {rfc3339(self.confirmed_at_us)}\n"
        )
        parents = (self.invitation, self.response)
        return Commit(EMPTY_TREE, parents, self.confirmed_at_us // SECOND_US, message).raw


def optin_facts(raw: bytes) -> OptInFacts:
    """The facts of an opt-in's commit, from which it can be made again byte for byte.

    Raises:
        ValueError: it is no opt-in's commit, or has a byte more or less than its facts make.
    """
    commit = commit_of(raw)
    said = _MESSAGE.fullmatch(commit.message)
    if said is None or len(commit.parents) != 2:
        raise ValueError("not an opt-in's commit")
    purpose, terms, grade, inviter, invitee, *times = said.groups()
    invited_us, responded_us, confirmed_us = (from_rfc3339(time) for time in times)
    facts = OptInFacts(
        *commit.parents,
        purpose,
        terms,
        cast(Grade, grade),
        inviter,
        invitee,
        invited_us,
        responded_us,
        confirmed_us,
    )
    if facts.raw != raw:
        raise ValueError("an opt-in's commit that its own facts do not make")
    return facts

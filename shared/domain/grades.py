"""Grades of evidence for who said something, best first (DESIGN section 5).

`signed`: an SSH signature by a key that the developer registered, over the raw commit. `platform`: the signed
delivery's numeric sender. `claimed`: an author line only, which is never enough.

A key that GitHub shows of an account, and nobody proved to have, is `unproven`: whoever knows a public key can have it
shown as their own. What it signs is theirs, unless somebody else has said the same before, or proves to have the key.
"""

from typing import Literal

Grade = Literal["signed", "platform", "claimed"]

GRADES: tuple[Grade, ...] = ("signed", "platform", "claimed")
LEAST_GRADE: Grade = "platform"
"""What a purpose asks for at least, where the House's policy names nothing else."""


def suffices(grade: Grade, least: Grade) -> bool:
    """Whether evidence of `grade` is at least as good as `least`."""
    return GRADES.index(grade) <= GRADES.index(least)


def weakness(grade: Grade, *, unproven: bool) -> int:
    """How little evidence shows that one account and no other said something: the lower, the better."""
    return 2 * GRADES.index(grade) + unproven


def weaker(one: Grade, other: Grade) -> Grade:
    """The lesser of the two."""
    return max(one, other, key=GRADES.index)

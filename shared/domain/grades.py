"""Grades of evidence for who said something, best first (DESIGN section 5).

`signed`: an SSH signature by a key that the developer registered, over the raw commit. `platform`: the signed
delivery's numeric sender. `claimed`: an author line only, which is never enough.
"""

from typing import Literal

Grade = Literal["signed", "platform", "claimed"]

GRADES: tuple[Grade, ...] = ("signed", "platform", "claimed")
LEAST_GRADE: Grade = "platform"
"""What a purpose asks for at least, where the House's policy names nothing else."""


def suffices(grade: Grade, least: Grade) -> bool:
    """Whether evidence of `grade` is at least as good as `least`."""
    return GRADES.index(grade) <= GRADES.index(least)


def weaker(one: Grade, other: Grade) -> Grade:
    """The lesser of the two."""
    return max(one, other, key=GRADES.index)

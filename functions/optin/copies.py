"""Copies: one commit may come more than once, pushed here and there, and sent signed by itself. Pure.

Of one account's copies the earliest is what was said, and when; the best evidence among them is evidence for it.
"""

from typing import TypeVar

from msgspec.structs import replace

from shared.domain.grades import weakness
from shared.domain.optins import Invited, Responded

Said = TypeVar("Said", Invited, Responded)


def merged(one: Said, other: Said) -> Said:
    """Of two copies of one account's commit the earlier, with the better evidence of the two."""
    first, later = sorted((one, other), key=lambda said: (said.received_at_us, said.entry))
    best = min(first, later, key=lambda said: weakness(said.grade, unproven=said.unproven))
    proof = best.proof or best.entry
    return replace(
        first,
        grade=best.grade,
        fingerprint=best.fingerprint,
        unproven=best.unproven,
        proof=None if proof == first.entry else proof,
    )


def is_proven(said: Invited | Responded) -> bool:
    """Whether the account has signed it with a key that it proved to have: whoever else brings it only carries it."""
    return said.grade == "signed" and not said.unproven

"""Quality: how well five tickets make a team (DESIGN section 6).

Feasible: a language shared by all five, each lane its ticket's primary or secondary, a skill range of at most
`RANGE_MAX`, and all UTC offsets within an arc of `ARC_H_MAX` hours. Then

    q = 0.5 L + 0.3 (1 - r / RANGE_MAX) + 0.2 (1 - D / ARC_H_MAX)

with L the mean lane credit (primary 1, secondary 1/2), r the skill range and D the arc.
"""

from collections.abc import Sequence
from itertools import pairwise

from shared.domain.lanes import LANES
from shared.domain.matches import Ticket

BETA = 25 / 6
"""OpenSkill's performance spread, in its skill units."""
RANGE_MAX = 4 * BETA
ARC_H_MAX = 8.0
LANE_WEIGHT, RANGE_WEIGHT, ARC_WEIGHT = 0.5, 0.3, 0.2
SECONDARY_CREDIT = 0.5


def arc(offsets_h: Sequence[float]) -> float:
    """The smallest arc of the 24-hour circle, in hours, that holds all offsets."""
    around = sorted(offset % 24 for offset in offsets_h)
    widest_gap = max(
        around[0] + 24 - around[-1], *(after - before for before, after in pairwise(around)), 0.0
    )
    return max(0.0, 24 - widest_gap)


def quality(team: Sequence[Ticket]) -> float:
    """The quality of five tickets in the order of `LANES`, above 0 and at most 1; 0 when they are no team.

    A team that uses up every allowance (five secondaries, the whole range and arc) still has 0.25.
    """
    credit = 0.0
    for lane, ticket in zip(LANES, team, strict=True):
        if ticket.primary == lane:
            credit += 1
        elif ticket.secondary == lane:
            credit += SECONDARY_CREDIT
        else:
            return 0.0
    skills = [ticket.skill for ticket in team]
    skill_range = max(skills) - min(skills)
    arc_h = arc([ticket.offset_h for ticket in team])
    if skill_range > RANGE_MAX or arc_h > ARC_H_MAX:
        return 0.0
    if not set(team[0].languages).intersection(*(ticket.languages for ticket in team[1:])):
        return 0.0
    return (
        LANE_WEIGHT * credit / len(LANES)
        + RANGE_WEIGHT * (1 - skill_range / RANGE_MAX)
        + ARC_WEIGHT * (1 - arc_h / ARC_H_MAX)
    )

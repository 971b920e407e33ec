"""What a lead is worth to the client, in points that add up, each with its reason.

Only what the developer did for this brief counts: never language, time zone, name or country.

- fit: 60 for taking a seat in a team on the brief; 40 more where the lane was the developer's first choice, 20 where
  it was the second.
- engagement: the part of the tasks that was done. The vote and the points share 100 equally where a session had
  both; points count in proportion to those asked for.
"""

from collections.abc import Sequence

from shared.domain.leads import LeadQualified, ParticipationNoted

SEAT = 60
CHOICE = {"primary": (40, "first"), "secondary": (20, "second")}


def qualified(parts: Sequence[ParticipationNoted]) -> LeadQualified:
    """The lead for a developer who took these parts in sessions of one brief: of the one in which they did most."""
    return max(map(_lead, parts), key=lambda lead: (lead.engagement, lead.fit, lead.session))


def _lead(part: ParticipationNoted) -> LeadQualified:
    fit = [(SEAT, f"took the {part.lane}'s seat in a team on this brief")]
    if part.choice is not None:
        worth, rank = CHOICE[part.choice]
        fit.append((worth, f"{part.lane} is their {rank} choice of lane"))
    engagement: list[tuple[int, str]] = []
    share = 50 if part.copies and part.points_asked else 100
    if part.voted:
        engagement.append((share, f"voted on {part.copies} copy variant{'s' * (part.copies > 1)}"))
    if part.points_marked:
        worth = share * part.points_marked // part.points_asked
        engagement.append((worth, f"marked {part.points_marked} of {part.points_asked} points"))
    return LeadQualified(
        brief=part.brief,
        client=part.client,
        developer=part.developer,
        session=part.session,
        fit=sum(worth for worth, _ in fit),
        engagement=sum(worth for worth, _ in engagement),
        reasons=(
            *(f"fit +{worth}: {why}" for worth, why in fit),
            *(f"engagement +{worth}: {why}" for worth, why in engagement),
        ),
    )

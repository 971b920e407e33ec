"""Lanes: the five parts of a design-sprint team, one seat each."""

from typing import Literal, get_args

Lane = Literal["facilitator", "researcher", "designer", "engineer", "marketer"]
LANES: tuple[Lane, ...] = get_args(Lane)

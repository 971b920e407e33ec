"""Aggregator: what a session's votes and points say, merged into the result of its brief."""

from functions.aggregator.decide.briefs import BRIEFS, CLOSINGS
from functions.aggregator.decide.leads import LEADS
from functions.aggregator.decide.sessions import SESSIONS, STANDINGS
from shared.runtime.serve import serve
from shared.runtime.shapes import Function

FUNCTION = Function(
    name="aggregator", writes="results", shapes=(BRIEFS, CLOSINGS, SESSIONS, STANDINGS, LEADS)
)

aggregator = serve(FUNCTION)

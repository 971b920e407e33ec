"""The function matchmaker."""

from functions.matchmaker.decide import DEMAND, TICKET
from functions.matchmaker.draw import draw, sees
from functions.matchmaker.session import SESSION
from shared.runtime.serve import serve
from shared.runtime.shapes import Draw, Function

FUNCTION = Function(
    name="matchmaker",
    writes="matches",
    shapes=(TICKET, DEMAND, SESSION, Draw(tags=("queued", "wanted"), every_s=10, draw=draw, sees=sees)),
)

matchmaker = serve(FUNCTION)

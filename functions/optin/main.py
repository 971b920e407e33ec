"""The function optin."""

from functions.optin.decide import INVITATION
from functions.optin.house_id import HOUSE_ID
from functions.optin.standing import STANDING
from shared.runtime.serve import serve
from shared.runtime.shapes import Function

FUNCTION = Function(name="optin", writes="optins", shapes=(INVITATION, HOUSE_ID, STANDING))

optin = serve(FUNCTION)

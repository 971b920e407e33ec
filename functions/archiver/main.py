"""Archiver: everything recorded is put away in sealed segments that vouch for each other, and what may be known
in public is published in the ledger; and who wants to be forgotten is.
"""

from functions.archiver.act import ARCHIVE
from functions.archiver.erase import ERASE
from functions.archiver.ledger import LEDGER
from shared.runtime.serve import serve
from shared.runtime.shapes import Function

FUNCTION = Function(
    name="archiver", writes="archive", shapes=(ARCHIVE, LEDGER, ERASE), secrets=("ledger",), ledger="writes"
)

archiver = serve(FUNCTION)

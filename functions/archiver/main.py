"""Archiver: everything recorded is put away in sealed segments that vouch for each other."""

from functions.archiver.act import ARCHIVE
from shared.runtime.serve import serve
from shared.runtime.shapes import Function

FUNCTION = Function(name="archiver", writes="archive", shapes=(ARCHIVE,))

archiver = serve(FUNCTION)

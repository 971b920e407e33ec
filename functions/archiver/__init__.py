"""Archiver: everything recorded is put away in sealed segments that vouch for each other."""

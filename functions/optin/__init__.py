"""Opt-in: two commits that name each other become a double opt-in, and open what lies between the two."""

"""Names that are used, though not by code vulture can see: one a line, `_.name`, with the reason beside it.

Typical reasons: a field that is only ever serialised, a method a framework calls by name.
"""

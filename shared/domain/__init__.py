"""The House's language: events, ids, formulas. Pure: no clock, no randomness, no I/O."""

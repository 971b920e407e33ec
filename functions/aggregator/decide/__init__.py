"""The aggregator's decisions: `sessions` counts, `briefs` merges, `leads` introduces.

Each module says what it reads and emits, and in which stream.
"""

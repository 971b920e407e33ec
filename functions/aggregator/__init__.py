"""Aggregator: what a session's votes and points say, merged into the result of its brief."""

"""Matchmaker: tickets become teams of five, and teams become sessions."""

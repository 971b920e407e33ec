"""Event log: deliveries in, entries out."""

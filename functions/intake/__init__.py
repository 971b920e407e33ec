"""Intake: webhook requests in, deliveries out."""

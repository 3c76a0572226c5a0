"""Scans of the universe for set-ups."""

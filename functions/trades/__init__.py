"""Trades: what was bought and sold, and all that was ever known of it."""

"""Brings the market data of every day from its providers into the cache."""

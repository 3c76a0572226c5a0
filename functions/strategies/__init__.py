"""Backtests of the platform's strategies."""

"""Fixtures of the market data cache."""

from tests.functions.market_cache import market, market_aws, market_server

__all__ = ["market", "market_aws", "market_server"]

"""Prices as the cache has them, and whether the platform is well."""

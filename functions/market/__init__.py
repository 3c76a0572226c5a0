"""Market data for every function: what a bar is, and the cache that holds the bars."""

"""The way out of cdktf: what the same code gives under other construct libraries."""

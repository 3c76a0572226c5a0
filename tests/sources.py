"""What the project consists of."""

SOURCES = (
    *("benchmarks", "bindings", "config", "constructs", "cost", "deployment", "functions", "local"),
    *("packages", "policy", "portability", "review", "stacks", "tests"),
)
"""The folders with code."""

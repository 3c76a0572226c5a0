"""What the change costs a month."""

from collections.abc import Iterator

from review.changes import Comparison
from review.finding import Finding


def cost(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    yield from ()

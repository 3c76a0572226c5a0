"""What this program does not understand: how many of a block there are, and programs that Terraform runs."""

from collections.abc import Iterator
from itertools import chain

from review.changes import Argument, Comparison
from review.finding import Finding, Part
from review.shapes import Block
from review.stack import REPETITIONS
from review.values import difference, shown

# A data source's program is run by every plan.
_PROGRAMS = ("provisioner", "program")


def not_understood(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    for address, before, after in chain(_resources(comparison), _data(comparison)):
        label = comparison.new.label(address)
        name = f"`{address}`" if label == address else label
        for key in (*REPETITIONS, *_PROGRAMS):
            was = None if before is None else comparison.old.canonical(before.get(key))
            now = comparison.new.canonical(after.get(key))
            if was == now:
                continue
            told = (f"{address}:{key}",)
            if key in REPETITIONS and before is not None:
                text = f"{name}: how many come or go, and what with them, is not known: "
                yield Finding(Part.UNKNOWN, text + difference(Argument(key, was, now)), tells=told)
            elif key in _PROGRAMS and now is not None:
                text = f"{name} has Terraform **run a program** where it is deployed from: {shown(now, key)}"
                yield Finding(Part.UNKNOWN, text, tells=told)


def _resources(comparison: Comparison) -> Iterator[tuple[str, Block | None, Block]]:
    for change in comparison.changes:
        if change.after is not None:
            yield change.address, change.before, change.after


def _data(comparison: Comparison) -> Iterator[tuple[str, Block | None, Block]]:
    for address, block in comparison.new.data.items():
        yield address, comparison.old.data.get(address), block

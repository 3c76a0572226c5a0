"""What the change costs a month, by service."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.usage import USAGE
from cost.bill import bill, cents
from cost.quantities import unknown, without, without_a_number
from cost.report import UNTHROTTLED
from review.changes import Comparison
from review.finding import Finding, Part

_NOTHING = (Decimal(0),) * 3
_COLUMNS = ("idle", "expected", "ceiling")


def cost(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack; for its usage, see config/usage.py."""
    expected = USAGE.get(comparison.new.environment, USAGE["prod"])
    documents = [stack.document for stack in (comparison.old, comparison.new)]
    if documents[0] == documents[1]:
        return
    # What has no number on one side makes no difference on the other.
    left_out = {address for document in documents for address in without_a_number(document)}
    before, after = (bill(without(document, left_out), expected) for document in documents)
    old, new = before.by_service(), after.by_service()
    differing = [
        service
        for service in sorted({*old, *new})
        if any(_differences(old.get(service, _NOTHING), new.get(service, _NOTHING)).values())
    ]
    for service in differing:
        text = _said(_differences(old.get(service, _NOTHING), new.get(service, _NOTHING)))
        yield Finding(Part.COST, f"{service}: {text}")
    if len(differing) > 1:
        text = _said(_differences(before.totals, after.totals))
        yield Finding(Part.COST, f"all: {text or 'no difference'}")
    if after.unthrottled and not before.unthrottled:
        yield Finding(Part.COST, f"**not throttled**: {UNTHROTTLED}")
    for what in unknown(documents[1]):
        if what not in unknown(documents[0]):
            why = "a number of it is not known here" if "." in what else "it is in no price list here"
            yield Finding(Part.UNKNOWN, f"what `{what}` costs: {why}")


def _differences(before: tuple[Decimal, ...], after: tuple[Decimal, ...]) -> Mapping[str, Decimal]:
    return {column: cents(now - was) for column, was, now in zip(_COLUMNS, before, after, strict=True)}


def _said(differences: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{column} {amount:+} USD" for column, amount in differences.items() if amount)

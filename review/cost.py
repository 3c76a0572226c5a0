"""What the change costs a month, by service."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.usage import USAGE
from cost.bill import bill, cents
from cost.report import UNTHROTTLED
from review.changes import Comparison
from review.finding import Finding, Part

_NOTHING = (Decimal(0),) * 3
_COLUMNS = ("idle", "expected", "ceiling")


def cost(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack; for its usage, see config/usage.py."""
    expected = USAGE.get(comparison.new.environment, USAGE["prod"])
    before, after = (bill(stack.document, expected) for stack in (comparison.old, comparison.new))
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
    for kind in after.unknown:
        if kind not in before.unknown:
            yield Finding(Part.UNKNOWN, f"what `{kind}` costs: it is in no price list here")


def _differences(before: tuple[Decimal, ...], after: tuple[Decimal, ...]) -> Mapping[str, Decimal]:
    return {column: cents(now - was) for column, was, now in zip(_COLUMNS, before, after, strict=True)}


def _said(differences: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{column} {amount:+} USD" for column, amount in differences.items() if amount)

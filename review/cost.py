"""What the change costs a month, by service."""

from collections.abc import Iterator
from typing import Any

from config.usage import USAGE
from cost.bill import Amounts, bill
from cost.quantities import uncounted, unknown, without, without_a_number
from cost.report import UNTHROTTLED
from review.changes import Argument, Comparison
from review.finding import Finding, Part
from review.shapes import listed
from review.stack import Stack
from review.values import difference


def cost(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack; for its usage, see config/usage.py."""
    expected = USAGE.get(comparison.new.environment, USAGE["prod"])
    documents = [stack.document for stack in (comparison.old, comparison.new)]
    # Nothing else has a price, or a part in one.
    if all(documents[0].get(section) == documents[1].get(section) for section in ("resource", "data")):
        return
    # What has no number on one side makes no difference on the other.
    left_out = {address for document in documents for address in without_a_number(document)}
    before, after = (bill(without(document, left_out), expected) for document in documents)
    old, new = before.by_service(), after.by_service()
    said = {
        service: _difference(old.get(service, Amounts()), new.get(service, Amounts()))
        for service in sorted({*old, *new})
    }
    differing = {service: text for service, text in said.items() if text}
    for service, text in differing.items():
        yield Finding(Part.COST, f"{service}: {text}")
    if len(differing) > 1:
        text = _difference(before.total, after.total)
        yield Finding(Part.COST, f"all: {text or 'no difference'}")
    if after.unthrottled and not before.unthrottled:
        yield Finding(Part.COST, f"**not throttled**: {UNTHROTTLED}")
    for what in sorted({each for document in documents for each in uncounted(document)}):
        was, now = _given(comparison.old, what), _given(comparison.new, what)
        if was != now:
            yield Finding(Part.COST, f"**not counted**: {difference(Argument(what, was, now))}")
    for what in sorted({each for document in documents for each in unknown(document)}):
        was, now = _given(comparison.old, what), _given(comparison.new, what)
        if was != now:
            why = "a number of it is not known here" if "." in what else "it is in no price list here"
            of_them = "" if "." in what else f", {len(was or ())} → {len(now or ())} of them"
            yield Finding(Part.UNKNOWN, f"what `{what}` costs{of_them}: {why}")


def _given(stack: Stack, address: str) -> Any:
    """All of a type, a resource, or an argument of it, as far as the address goes."""
    kind, *path = address.split(".")
    found: Any = {
        one.partition(".")[2]: stack.canonical(block) for one, block in stack.of(kind).items()
    } or None
    for name in path:
        within = [each.get(name) for each in listed(found) if isinstance(each, dict)]
        found = within[0] if len(within) == 1 else within or None
    return found


def _difference(before: Amounts, after: Amounts) -> str:
    """Empty where there is none."""
    amounts = vars((after - before).rounded())
    return ", ".join(f"{name} {amount:+} USD" for name, amount in amounts.items() if amount)

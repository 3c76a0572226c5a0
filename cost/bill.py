"""Quantities times prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.usage import Usage
from cost.prices import PRICES, Price
from cost.quantities import Line, quantities, unknown, unthrottled

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Item:
    """A line with its amounts in USD, unrounded."""

    line: Line
    price: Price
    idle: Decimal
    expected: Decimal
    ceiling: Decimal


@dataclass(frozen=True)
class Bill:
    """A month, of a stack or of several."""

    items: tuple[Item, ...]
    unknown: tuple[str, ...]
    """Types whose cost nobody has said, and addresses of what has a number that is not known."""
    unthrottled: bool = False
    """Whether some route of an API has no bound but the account's."""

    @property
    def totals(self) -> tuple[Decimal, Decimal, Decimal]:
        """Idle, expected and ceiling, to the cent."""
        return (
            cents(sum((item.idle for item in self.items), Decimal(0))),
            cents(sum((item.expected for item in self.items), Decimal(0))),
            cents(sum((item.ceiling for item in self.items), Decimal(0))),
        )

    def by_service(self) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
        """Idle, expected and ceiling, unrounded."""
        services: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
        for item in self.items:
            idle, expected, ceiling = services.get(item.price.service, (Decimal(0),) * 3)
            services[item.price.service] = (
                idle + item.idle,
                expected + item.expected,
                ceiling + item.ceiling,
            )
        return services


def bill(document: Mapping[str, Any], usage: Usage, *, free_tier: bool = False) -> Bill:
    """Of a synthesized stack. The free tier is the account's: of several stacks only one has it."""
    items = []
    for line in quantities(document, usage):
        price = PRICES[line.price]
        idle, expected, ceiling = (
            price.of(quantity, free_tier=free_tier) for quantity in (line.idle, line.expected, line.ceiling)
        )
        items.append(Item(line, price, idle, expected, ceiling))
    return Bill(tuple(items), tuple(unknown(document)), unthrottled(document))


def bill_of_all(documents: Sequence[Mapping[str, Any]], usage: Usage, *, free_tier: bool = False) -> Bill:
    """Of the stacks of an environment, together."""
    bills = [bill(document, usage, free_tier=free_tier) for document in documents]
    return Bill(
        tuple(item for one in bills for item in one.items),
        tuple(sorted({kind for one in bills for kind in one.unknown})),
        any(one.unthrottled for one in bills),
    )


def cents(amount: Decimal) -> Decimal:
    """Rounded to the cent."""
    return amount.quantize(_CENT)

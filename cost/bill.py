"""Quantities times prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from config.usage import Usage
from cost.prices import PRICES, Price
from cost.quantities import Document, Line, quantities, uncounted, unknown, unthrottled

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Amounts:
    """USD a month."""

    idle: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    ceiling: Decimal = Decimal(0)

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.idle + other.idle, self.expected + other.expected, self.ceiling + other.ceiling)

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.idle - other.idle, self.expected - other.expected, self.ceiling - other.ceiling)

    def rounded(self) -> "Amounts":
        """To the cent."""
        return Amounts(*(amount.quantize(_CENT) for amount in (self.idle, self.expected, self.ceiling)))


@dataclass(frozen=True)
class Item:
    """A line with its amounts, unrounded."""

    line: Line
    price: Price
    amounts: Amounts


@dataclass(frozen=True)
class Bill:
    """A month, of a stack or of several."""

    items: tuple[Item, ...]
    documents: tuple[Document, ...] = field(repr=False)
    """The synthesized stacks that it is of."""

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Types whose cost nobody has said; addresses of what has a number that is not known, or counted."""
        return tuple(sorted({what for one in self.documents for what in (*unknown(one), *uncounted(one))}))

    @cached_property
    def unthrottled(self) -> bool:
        """Whether some route of an API has no bound but the account's."""
        return any(map(unthrottled, self.documents))

    @property
    def total(self) -> Amounts:
        """Of all, to the cent."""
        return sum((item.amounts for item in self.items), Amounts()).rounded()

    def by_service(self) -> dict[str, Amounts]:
        """Unrounded."""
        services: dict[str, Amounts] = {}
        for item in self.items:
            service = item.price.service
            services[service] = services.get(service, Amounts()) + item.amounts
        return services


def bill(document: Document, usage: Usage, *, free_tier: bool = False) -> Bill:
    """Of a synthesized stack. The free tier is the account's: of several stacks only one has it."""
    items = []
    for line in quantities(document, usage):
        price = PRICES[line.price]
        amounts = (
            price.of(quantity, free_tier=free_tier) for quantity in (line.idle, line.expected, line.ceiling)
        )
        items.append(Item(line, price, Amounts(*amounts)))
    return Bill(tuple(items), (document,))


def bill_of_all(documents: Sequence[Document], usage: Usage, *, free_tier: bool = False) -> Bill:
    """Of the stacks of an environment, together."""
    bills = [bill(document, usage, free_tier=free_tier) for document in documents]
    return Bill(tuple(item for one in bills for item in one.items), tuple(documents))

"""The table of an environment's cost, and how it stands to the platform's earlier estimate."""

from collections.abc import Iterator
from decimal import Decimal

from config.usage import Usage
from cost.bill import Bill
from cost.prices import AS_OF, PRICES
from cost.quantities import ACCOUNT_THROTTLE

EARLIER = {
    "dev": {"Lambda": "0", "S3": "0.02", "API Gateway (HTTP)": "3.50", "Secrets Manager": "0.40"},
    "prod": {
        "Lambda": "0.20",
        "S3": "0.50",
        "API Gateway (HTTP)": "35",
        "Secrets Manager": "0.80",
        "CloudWatch": "5",
    },
}
"""What the platform's README said before, by service, in USD a month."""

_TOTALS = {"dev": "about 5", "prod": "about 45"}

_WHY = {
    "API Gateway (HTTP)": "it took a REST API's price, 3.50 USD a million; an HTTP API costs 1.00",
    "CloudWatch": "it counted prod's logs alone: no alarms, no dashboard, no logs kept",
    "Data transfer": "it counted none",
    "DynamoDB": "it counted none",
    "Lambda": "it counted 1 million calls and no run time; each request to the API is a call that runs",
    "S3": "it counted storage alone: no requests",
    "SNS": "it counted none",
    "SQS": "it counted none",
    "Secrets Manager": "it counted one secret in dev, and no reads",
}

UNTHROTTLED = (
    f"routes without a rate of their own count with the account's {ACCOUNT_THROTTLE:,} requests a second, "
    "which all of its APIs share"
)


def report(environment: str, bill: Bill, usage: Usage, *, free_tier: bool) -> str:
    """Markdown."""
    free = ", with the free tier as if this environment had it alone" if free_tier else ""
    lines = [
        f"## {environment}",
        "",
        f"USD a month, us-east-1, prices of {AS_OF}{free}; expected: {usage.requests:,} requests.",
        "",
        "| service | unit | unit price | idle | expected | | ceiling | |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for item in bill.items:
        line, amounts = item.line, item.amounts.rounded()
        lines.append(
            f"| {item.price.service} | {item.price.unit} | {_price(item.price.tiers[0][1])} | "
            f"{amounts.idle} | {_quantity(line.expected)} | {amounts.expected} | "
            f"{_quantity(line.ceiling)} | {amounts.ceiling} |"
        )
    total = bill.total
    lines.append(f"| **all** | | | **{total.idle}** | | **{total.expected}** | | **{total.ceiling}** |")
    for item in bill.items:
        line = item.line
        if line.price == "api.request" and line.expected > line.ceiling:
            most = _quantity(line.ceiling)
            lines.append(f"\n**More than can be**: the API's throttles let {most} requests a month through")
    if bill.unthrottled:
        lines.append(f"\n**Not throttled**: {UNTHROTTLED}")
    lines += [
        f"\n**Not counted**, its price or a number is not known here: `{kind}`" for kind in bill.unknown
    ]
    lines += ["", *beside_the_earlier(environment, bill)]
    return "\n".join(lines).rstrip() + "\n"


def sources() -> str:
    """Where each price is from."""
    rows = [
        f"| {price.service} | {price.unit} | "
        f"{', '.join(_price(amount) for _, amount in price.tiers)} | {_free(price.free, price.free_ends)} | "
        f"{price.source} |"
        for price in PRICES.values()
    ]
    return "\n".join(["| service | unit | USD | free | source |", "|---|---|--:|---|---|", *rows]) + "\n"


def beside_the_earlier(environment: str, bill: Bill) -> Iterator[str]:
    """Lines of Markdown: both totals, and each service's difference with its reason."""
    earlier = EARLIER.get(environment)
    if earlier is None:
        return
    yield f"The earlier estimate: {_TOTALS[environment]} USD, now {bill.total.expected}. By service:"
    yield ""
    services = {name: amounts.rounded().expected for name, amounts in bill.by_service().items()}
    for service in sorted({*earlier, *services}):
        before, now = Decimal(earlier.get(service, "0")), services.get(service, Decimal(0))
        if abs(now - before) >= Decimal("0.01"):
            yield f"- {service}: {before} → {now} ({now - before:+}): {_WHY[service]}"


def _price(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _quantity(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3f}".rstrip("0").rstrip(".")


def _free(units: Decimal, ends: bool) -> str:
    if not units:
        return "-"
    return f"{units:,.0f}{', for 12 months' if ends else ''}"

"""How the cost grows with the requests, as a picture that is the same on every machine."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.usage import Usage
from cost.bill import bill_of_all

REQUESTS = [10 ** (exponent / 4) for exponent in range(16, 37)]
"""From 10 thousand to 1 billion a month."""


def series(documents: Sequence[Mapping[str, Any]], usage: Usage) -> dict[str, list[float]]:
    """The expected cost of each service at each of `REQUESTS`."""
    found: dict[str, list[float]] = {}
    for number, requests in enumerate(REQUESTS):
        changed = usage.model_copy(update={"requests": round(requests)})
        for service, amounts in bill_of_all(documents, changed).by_service().items():
            found.setdefault(service, [0.0] * len(REQUESTS))[number] = float(amounts.expected)
    return found


def draw(documents: Sequence[Mapping[str, Any]], usage: Usage, file: Path) -> None:
    """Write the picture as SVG: reproducible, without a date and with ids of its own."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only needed here

    mpl.use("svg")
    from matplotlib.figure import Figure  # noqa: PLC0415 - after the choice above

    mpl.rcParams["svg.hashsalt"] = "potential-parakeet"
    # Text as paths would depend on the fonts of the machine only less: letters stay letters.
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(8, 5), layout="tight")
    axes = figure.add_subplot()
    all_of_them = [Decimal(0)] * len(REQUESTS)
    services = series(documents, usage)
    for service, amounts in sorted(services.items(), key=lambda one: one[1][-1], reverse=True):
        axes.plot(REQUESTS, amounts, label=service)
        all_of_them = [total + Decimal(amount) for total, amount in zip(all_of_them, amounts, strict=True)]
    axes.plot(REQUESTS, [float(total) for total in all_of_them], label="all", color="black", linewidth=2)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="requests a month",
        ylabel="USD a month",
        title="prod, expected",
        ylim=(0.01, None),
    )
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    figure.savefig(file, metadata={"Date": None, "Creator": None})

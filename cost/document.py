"""What `docs/cost.md` takes from the code: totals, the earlier estimate, usage and prices (`make docs`)."""

import re
from collections.abc import Mapping

from config.usage import Usage
from cost.bill import Bill
from cost.report import beside_the_earlier, sources


def totals(bills: Mapping[str, Bill]) -> str:
    """A row for each environment."""
    rows = [
        f"| {name} | {total.idle} | {total.expected} | {total.ceiling} |"
        for name, total in ((name, bill.total) for name, bill in bills.items())
    ]
    return "\n".join(["| USD a month | idle | expected | ceiling |", "|---|--:|--:|--:|", *rows]) + "\n"


def documented(text: str, bills: Mapping[str, Bill], used: Mapping[str, Usage]) -> str:
    """The document with what is between its marks as it is now."""
    earlier = [line for name, bill in bills.items() for line in _earlier(name, bill)]
    fields = []
    for name, field in Usage.model_fields.items():
        values = " | ".join(f"{getattr(one, name):,}" for one in used.values())
        fields.append(f"| `{name}` | {field.description} | {values} |")
    heading = f"| field | what it is | {' | '.join(used)} |\n|---|---|{'--:|' * len(used)}\n"
    parts = {
        "totals": totals(bills),
        "earlier": "\n".join(earlier) + "\n",
        "usage": heading + "\n".join(fields) + "\n",
        "prices": sources(),
    }
    for mark, content in parts.items():
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
        text = re.sub(
            f"{re.escape(begin)}.*?{re.escape(end)}",
            # A backslash in it is none of re's.
            f"{begin}{content}{end}".replace("\\", "\\\\"),
            text,
            flags=re.DOTALL,
        )
    return text


def _earlier(name: str, bill: Bill) -> list[str]:
    lines = list(beside_the_earlier(name, bill))
    return [f"**{name}.** {lines[0]}", *lines[1:], ""] if lines else []

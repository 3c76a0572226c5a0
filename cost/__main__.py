"""What every environment costs a month (`make cost`)."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.errors import in_one_line
from config.names import secrets_stack_name, stack_name
from config.usage import Usage, usage
from cost.bill import Bill, bill_of_all
from cost.document import documented
from cost.plot import draw
from cost.report import report, sources
from deployment.synthesis import PROJECT, synthesize

DOCUMENT = PROJECT / "docs/cost.md"
PICTURE = PROJECT / "docs/cost.svg"


@in_one_line()
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if something is wrong with what was asked or configured."""
    parser = argparse.ArgumentParser(prog="python -m cost", description=__doc__)
    parser.add_argument("--usage", default="", metavar="FIELD=NUMBER,…", help="instead of config/usage.py")
    parser.add_argument("--free-tier", action="store_true", help="take it off, as if each had it alone")
    parser.add_argument("--sources", action="store_true", help="print where each price is from")
    parser.add_argument("--document", action="store_true", help="rewrite docs/cost.md and its picture")
    options = parser.parse_args(arguments)
    if options.sources:
        print(sources(), end="")
        return 0
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    used: dict[str, Usage] = {one.name: usage(one.name, options.usage) for one in ENVIRONMENTS}
    stacks = synthesized()
    documents = {name: [stacks[stack_name(name)], stacks[secrets_stack_name(name)]] for name in used}
    bills: dict[str, Bill] = {
        name: bill_of_all(documents[name], expected, free_tier=options.free_tier)
        for name, expected in used.items()
    }
    if options.document:
        DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8"), bills, used), encoding="utf-8")
        draw(documents["prod"], used["prod"], PICTURE)
        return 0
    for name, counted in bills.items():
        print(report(name, counted, used[name], free_tier=options.free_tier))
    return 0


def synthesized() -> dict[str, Mapping[str, Any]]:
    """Every stack's document by its name. Raises SynthesisError."""
    with tempfile.TemporaryDirectory(prefix="parakeet-cost-") as folder:
        synthesize(Path(folder))
        return {
            file.parent.name: json.loads(file.read_text(encoding="utf-8"))
            for file in Path(folder).glob("stacks/*/cdk.tf.json")
        }


if __name__ == "__main__":
    sys.exit(main())

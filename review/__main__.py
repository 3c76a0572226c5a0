"""What a change does, as a page (`make review BASE=main`)."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.errors import OneLineError, in_one_line
from review.assessment import assessed
from review.changes import compared
from review.finding import Finding, Folded, Part, fold, ordered
from review.page import as_json, failing, markdown
from review.planner import PlanError, Planner
from review.real_plan import destroyed_in, drift_in, real_plan, replaced_in
from review.replacement import Replacement
from review.revisions import Revisions, synthesized
from review.values import shown


@in_one_line(failed=2)
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if a part of `--fail-on` is not empty, 2 if there is no review."""
    parser = argparse.ArgumentParser(prog="python -m review", description=__doc__)
    parser.add_argument("--base", default="main", help="branch, tag or commit (default: %(default)s)")
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    parser.add_argument(
        "--fail-on", default="", type=_parts, metavar="PART,…", help=f"of {', '.join(part for part in Part)}"
    )
    parser.add_argument(
        "--plan", action="store_true", help="Terraform's real plan, with credentials: adds drift"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the page there as well")
    options = parser.parse_args(arguments)
    base, findings = review(options.base, with_plan=options.plan)
    page = as_json(findings, base) if options.format == "json" else markdown(findings, base)
    print(page, end="" if page.endswith("\n") else "\n")
    if options.output:
        options.output.write_text(page, encoding="utf-8")
    failed = failing(findings, options.fail_on)
    if failed:
        print(f"--fail-on: not empty: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def review(base: str, *, with_plan: bool = False) -> tuple[str, list[Folded]]:
    """The base, as `main (1a2b3c4)`, and what has changed since. Raises OneLineError."""
    with ThreadPoolExecutor(1) as meanwhile:
        planner = meanwhile.submit(_planner)
        with synthesized(base, as_deployed=with_plan) as revisions:
            planned, drift = _planned(revisions) if with_plan else ({}, {})
            found = assessed(revisions.old, revisions.new, planner.result(), planned)
            return f"{base} ({revisions.base[:10]})", ordered([*_usage(revisions), *fold(drift), *found])


def _usage(revisions: Revisions) -> Iterator[Folded]:
    if revisions.usage:
        lines = ", ".join(shown(line, whole=True) for line in revisions.usage)
        text = f"**the assumed usage differs**, and with it what both revisions are said to cost: {lines}"
        yield Folded(Part.COST, ("config/usage.py",), text, "")


def _planned(
    revisions: Revisions,
) -> tuple[dict[str, dict[str, Replacement]], dict[str, list[Finding]]]:
    planned: dict[str, dict[str, Replacement]] = {}
    drift: dict[str, list[Finding]] = {}
    gone = {
        comparison.new.name: {
            change.old_address or change.address
            for change in comparison.changes
            if change.after is None or change.old_address
        }
        for comparison in compared(revisions.old, revisions.new)
    }
    for name, stack in revisions.new.items():
        if "local" in stack.document["terraform"]["backend"]:
            drift[name] = [Finding(Part.UNKNOWN, "not planned: its state is on the machine that deployed it")]
        elif "variable" in stack.document:
            drift[name] = [Finding(Part.UNKNOWN, "not planned: that would take its secrets, and read them")]
        elif stack.packages is not None:
            try:
                plan = real_plan(stack.packages.parent / "stacks" / name)
            except PlanError as error:
                # With the plan that needs no account, the rest of the page is right.
                drift[name] = [Finding(Part.UNKNOWN, f"not planned: {error}")]
            else:
                planned[name] = replaced_in(plan)
                drift[name] = [*destroyed_in(plan, gone[name]), *drift_in(plan)]
    return planned, drift


def _planner() -> Planner | OneLineError:
    try:
        return Planner()
    except OneLineError as error:
        return error


def _parts(text: str) -> list[Part]:
    try:
        return [Part(name) for name in text.split(",") if name]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}: allowed: {', '.join(Part)}") from None


if __name__ == "__main__":
    sys.exit(main())

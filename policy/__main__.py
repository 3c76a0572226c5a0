"""checkov on every stack's plan, policy-sentry and cloudsplaining on every policy in it (`make policy`)."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import in_one_line
from policy import checkov, linters
from policy.acknowledgements import judged, read
from policy.documents import Document, Plan, boundaries
from policy.finding import Finding
from policy.plans import planned_stacks


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what was found."""

    plans: Mapping[str, Plan]
    passed: int
    documents: int
    findings: frozenset[Finding]

    @property
    def resources(self) -> dict[str, set[str]]:
        """Addresses by stack."""
        return {stack: set(plan.names.values()) for stack, plan in self.plans.items()}


def check(files: Mapping[str, Path]) -> Checked:
    """Every check on the plans in these files, by stack. Raises OneLineError."""
    plans = {
        stack: Plan(stack, json.loads(file.read_text(encoding="utf-8"))) for stack, file in files.items()
    }
    bounding = boundaries(plans.values())
    rendered = [one for plan in plans.values() for one in plan.documents(bounding)]
    documents = [one for one in rendered if isinstance(one, Document)]
    unknown = [one for one in rendered if isinstance(one, Finding)]
    failed, passed = checkov.findings(files, plans)
    found = frozenset([*failed, *unknown, *linters.findings(documents, bounding)])
    return Checked(plans, passed, len(documents), found)


@in_one_line(failed=2)
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if something is to do, 2 if it could not be checked."""
    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    parser.add_argument("--all", action="store_true", help="list what is acknowledged, too")
    options = parser.parse_args(arguments)
    acknowledged = read()
    with tempfile.TemporaryDirectory(prefix="parakeet-policy-") as folder:
        checked = check(planned_stacks(Path(folder)))
    if options.all:
        print("\n".join(map(str, sorted(checked.findings))))
    lines = judged(checked.findings, acknowledged, checked.resources)
    print("\n".join(lines), end="\n" if lines else "")
    print(
        f"{len(checked.plans)} stacks: {checked.passed} checks of checkov passed, {checked.documents} "
        f"policies read, {len(checked.findings)} findings, {len(lines)} to do"
    )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

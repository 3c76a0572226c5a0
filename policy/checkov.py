"""checkov on plans."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy.documents import Plan
from policy.finding import Finding
from policy.tool import ToolError, ask

# A version that says something else is not passed over.
_RESULTS = {"passed_checks", "failed_checks", "skipped_checks", "parsing_errors"}


def findings(files: Mapping[str, Path], plans: Mapping[str, Plan]) -> tuple[list[Finding], int]:
    """What fails, and how many checks passed. Raises OneLineError."""
    resources = sum(len(plan.names) for plan in plans.values())
    results = report(_run(files), resources)
    return [finding(failed, plans) for failed in results["failed_checks"]], len(results["passed_checks"])


def _run(files: Mapping[str, Path]) -> str:
    options = [option for stack in files for option in ("--file", f"{stack}.json")]
    with tempfile.TemporaryDirectory(prefix="parakeet-checkov-") as name:
        for stack, file in files.items():
            Path(name, f"{stack}.json").symlink_to(file.absolute())
        return ask(
            "checkov",
            [*("-m", "checkov.main", "--framework", "terraform_plan", "--output", "json", "--compact"),
             *("--skip-download", "--skip-results-upload"), *options],
            folder=Path(name),
            # 1 is that something was found.
            accepted=(0, 1),
        )  # fmt: skip


def report(said: str, resources: int) -> Mapping[str, Any]:
    """The results in what checkov prints of so many resources. Raises ToolError."""
    not_understood = ToolError(f"checkov says what is not understood: {said[:200]!r}: see policy/checkov.py")
    try:
        printed = json.loads(said)
        results: Mapping[str, Any] = printed["results"]
        seen, of = int(printed["summary"]["resource_count"]), printed["check_type"]
    except (ValueError, KeyError, TypeError):
        raise not_understood from None
    if of != "terraform_plan" or set(results) != _RESULTS:
        raise not_understood
    for what in ("parsing_errors", "skipped_checks"):
        if results[what]:
            raise ToolError(f"checkov has {what.replace('_', ' ')}: {str(results[what][0])[:200]}")
    if seen != resources:
        raise ToolError(f"checkov has seen {seen} of {resources} resources")
    return results


def finding(failed: Mapping[str, Any], plans: Mapping[str, Plan]) -> Finding:
    """One of its failed checks. Raises ToolError."""
    try:
        stack = Path(failed["file_path"]).stem
        return Finding(
            stack, failed["check_id"], plans[stack].names[failed["resource"]], what=failed["check_name"]
        )
    except (KeyError, TypeError) as error:
        raise ToolError(f"checkov has a finding without {error}: see policy/checkov.py") from None

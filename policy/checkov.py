"""checkov on plans."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy.documents import Plan
from policy.environment import ToolError, python_with
from policy.finding import Finding

_SECONDS = 300
# A version that says something else is not passed over.
_RESULTS = {"passed_checks", "failed_checks", "skipped_checks", "parsing_errors"}


def findings(files: Mapping[str, Path], plans: Mapping[str, Plan]) -> tuple[list[Finding], int]:
    """What fails, and how many checks passed. Raises ToolError."""
    resources = sum(len(plan.names) for plan in plans.values())
    results = report(_run(python_with("checkov"), files), resources)
    return [finding(failed, plans) for failed in results["failed_checks"]], len(results["passed_checks"])


def _run(python: Path, files: Mapping[str, Path]) -> str:
    options = [option for stack in files for option in ("--file", f"{stack}.json")]
    with tempfile.TemporaryDirectory(prefix="parakeet-checkov-") as name:
        # A folder and a home of its own: no `.checkov.yaml` of a person's has a say.
        for stack, file in files.items():
            Path(name, f"{stack}.json").symlink_to(file)
        try:
            done = subprocess.run(
                [str(python), "-I", "-m", "checkov.main", "--framework", "terraform_plan", "--output", "json",
                 "--compact", "--skip-download", "--skip-results-upload", *options],
                cwd=name,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": name},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ToolError(f"checkov did not end within {_SECONDS} s: try again") from None
    # 1 is that something was found.
    if done.returncode not in (0, 1):
        said = done.stderr.strip().splitlines() or ["it does not say why"]
        raise ToolError(f"checkov failed: {said[-1]}")
    return done.stdout


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

"""What Terraform's real plan says, with credentials: what goes, is made anew, and has drifted (PLAN=1)."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from deployment.drift.resources import drifted
from deployment.programs import find_terraform, named_provider_mirror, terraform_variables
from review.data import HOLDERS
from review.finding import Finding, Part
from review.planner import PlanError
from review.replacement import Replacement


def real_plan(stack_folder: Path) -> Mapping[str, Any]:
    """`terraform show -json` of a plan made in a synthesized stack's folder. Raises OneLineError."""
    terraform = find_terraform(os.environ)
    mirror = named_provider_mirror(terraform.platform, os.environ)
    variables = terraform_variables(mirror, Path(sys.prefix), os.environ)
    with tempfile.TemporaryDirectory(prefix="parakeet-plan-") as folder:
        file = str(Path(folder, "plan"))

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [str(terraform.program), arguments[0], "-no-color", *arguments[1:]],
                cwd=stack_folder,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                first = next((line for line in done.stderr.splitlines() if "Error" in line), "see Terraform")
                raise PlanError(f"{stack_folder.name}: terraform {arguments[0]} failed: {first.strip('│ ')}")
            return done.stdout

        run("init", "-input=false")
        run("plan", "-input=false", f"-out={file}")
        shown: Mapping[str, Any] = json.loads(run("show", "-json", file))
    return shown


def replaced_in(plan: Mapping[str, Any]) -> dict[str, Replacement]:
    """What the plan makes anew, by address."""
    return {
        change["address"]: Replacement(
            change["address"],
            tuple(sorted({str(path[0]) for path in change["change"].get("replace_paths", [])})),
        )
        for change in plan.get("resource_changes", [])
        if set(change["change"]["actions"]) == {"create", "delete"}
    }


def destroyed_in(plan: Mapping[str, Any], told: Collection[str]) -> Iterator[Finding]:
    """What holds data and is destroyed, but for the addresses in `told`, of which the change says so."""
    for change in plan.get("resource_changes", []):
        address, holds = change["address"], HOLDERS.get(change["type"])
        if holds is None or change["change"]["actions"] != ["delete"]:
            continue
        if re.sub(r"\[[^]]*\]$", "", address) not in told:
            text = f"the plan **destroys** `{address}`, its {holds} with it: it is no longer in the code"
            yield Finding(Part.DATA, text)


def drift_in(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """What is no longer as it was deployed: names of arguments only, since values may be secret."""
    for address, names in drifted(plan).items():
        what = f"differs in {', '.join(f'`{name}`' for name in names)}" if names else "is gone"
        yield Finding(Part.DATA, f"drift: `{address}` {what} from what was deployed")

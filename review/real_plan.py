"""What Terraform's real plan says, with credentials: what goes, is made anew, and has drifted (PLAN=1)."""

import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from deployment.drift.resources import drifted
from deployment.programs import find_terraform, named_provider_mirror, terraform_variables
from review.data import HOLDERS
from review.finding import Finding, Part
from review.planner import asked
from review.replacement import Replacement


def real_plan(stack_folder: Path) -> Mapping[str, Any]:
    """`terraform show -json` of a plan made in a synthesized stack's folder. Raises OneLineError."""
    terraform = find_terraform(os.environ)
    mirror = named_provider_mirror(terraform.platform, os.environ)
    variables = terraform_variables(mirror, Path(sys.prefix), os.environ)
    program = str(terraform.program)
    with tempfile.TemporaryDirectory(prefix="parakeet-plan-") as folder:
        file = str(Path(folder, "plan"))
        asked([program, "init", "-no-color", "-input=false"], stack_folder, variables)
        asked([program, "plan", "-no-color", "-input=false", f"-out={file}"], stack_folder, variables)
        shown: Mapping[str, Any] = json.loads(
            asked([program, "show", "-no-color", "-json", file], stack_folder, variables)
        )
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

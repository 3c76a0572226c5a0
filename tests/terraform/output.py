"""Reading what cdktf and Terraform say, and what they would or did change."""

import json
import re

from deployment.command import unwrapped
from deployment.workspace import Workspace


def lock_id(output: str) -> str:
    """The ID of the lock that somebody else holds, from Terraform's refusal."""
    found = re.search(r"Error acquiring the state lock.*?ID: ([0-9a-f-]{36})", unwrapped(output))
    assert found, f"no lock is named in:\n{output}"
    return found[1]


def planned(workspace: Workspace, stack: str) -> list[str]:
    """The types of the resources that a plan wants to change."""
    return changes_in(workspace.terraform(stack, "plan", "-input=false", "-json"))


def applied(workspace: Workspace, stack: str) -> list[str]:
    """The types of the resources that an apply planned to change, and changed."""
    return changes_in(workspace.terraform(stack, "apply", "-input=false", "-auto-approve", "-json"))


def changes_in(said: str) -> list[str]:
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return sorted(
        event["change"]["resource"]["resource_type"] for event in events if event["type"] == "planned_change"
    )

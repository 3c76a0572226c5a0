"""Reading what cdktf and Terraform say."""

import re

from deployment.command import unwrapped


def lock_id(output: str) -> str:
    """The ID of the lock that somebody else holds, from Terraform's refusal."""
    found = re.search(r"Error acquiring the state lock.*?ID: ([0-9a-f-]{36})", unwrapped(output))
    assert found, f"no lock is named in:\n{output}"
    return found[1]

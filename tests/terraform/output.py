"""Reading what cdktf and Terraform say."""

import re

_FRAME = re.compile(r"^(parakeet-\w+)?[\s│╷╵]*", re.MULTILINE)


def unwrapped(output: str) -> str:
    """The text on one line, without the stack's name and the frame that cdktf and Terraform put around it."""
    return " ".join(_FRAME.sub("", output).split())


def lock_id(output: str) -> str:
    """The ID of the lock that somebody else holds, from Terraform's refusal."""
    found = re.search(r"Error acquiring the state lock.*?ID: ([0-9a-f-]{36})", unwrapped(output))
    assert found, f"no lock is named in:\n{output}"
    return found[1]

"""Policies in few words."""

import json
from typing import Any

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    """A policy's JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    actions: str | list[str], resources: str | list[str], condition: Any = None, **more: Any
) -> dict[str, Any]:
    """A statement."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
    return statement | ({"Condition": condition} if condition else {})


def deny(
    actions: str | list[str], resources: str | list[str], condition: Any = None, **more: Any
) -> dict[str, Any]:
    """A statement."""
    return allow(actions, resources, condition, **more) | {"Effect": "Deny"}

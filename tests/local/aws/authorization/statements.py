"""Policies in few words, and whether they refuse."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

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


def is_refused(client: Any, call: Callable[[Any], Any]) -> bool:
    """Whether it is refused; that there is no such queue or table is no refusal."""
    try:
        call(client)
    except ClientError as error:
        return "is not authorized to perform" in str(error)
    return False

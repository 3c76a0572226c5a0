"""Resource policies: may this service do this on behalf of that resource of its own?"""

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.aws.functions.invocation import RefusedError


def service_may(
    statements: Iterable[Mapping[str, Any]],
    *,
    service: str,
    action: str,
    resource: str,
    source_arn: str,
    source_account: str,
) -> bool:
    """Whether the policy's statements let the service do it. What is not understood allows nothing."""
    request = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_account}
    allowed = False
    for statement in statements:
        meant = (
            _names_service(statement.get("Principal"), service)
            and any(
                _matches(pattern, action.lower()) for pattern in _each(statement.get("Action"), lower=True)
            )
            and any(_matches(pattern, resource) for pattern in _each(statement.get("Resource")))
        )
        if not meant:
            continue
        met = _conditions_met(statement.get("Condition") or {}, request)
        if statement.get("Effect") == "Allow":
            allowed = allowed or met is True
        elif met is not False:
            return False
    return allowed


def require_invocation(function: LambdaFunction, service: str, source_arn: str) -> None:
    """Raises RefusedError unless the function's policy lets the service invoke it on behalf of the source."""
    if not service_may(
        function.policy.statements,
        service=service,
        action="lambda:InvokeFunction",
        resource=function.function_arn,
        source_arn=source_arn,
        source_account=function.account_id,
    ):
        raise RefusedError(
            403,
            "AccessDeniedException",
            f"User: {service} is not authorized to perform: lambda:InvokeFunction on resource: "
            f"{function.function_arn} because no resource-based policy allows it "
            f"for the source {source_arn or '(none)'}",
        )


def _names_service(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    return isinstance(principal, Mapping) and (
        service in _each(principal.get("Service")) or "*" in _each(principal.get("AWS"))
    )


def _conditions_met(conditions: Mapping[str, Mapping[str, Any]], request: Mapping[str, str]) -> bool | None:
    """None where an operator or key is not known here."""
    answers: list[bool | None] = []
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            value = request.get(key.lower())
            answers.append(None if value is None else _compare(operator, _each(wanted), value))
    if False in answers:
        return False
    return None if None in answers else True


def _compare(operator: str, wanted: list[str], value: str) -> bool | None:
    match operator:
        case "ArnLike" | "ArnEquals":
            return any(_matches_arn(pattern, value) for pattern in wanted)
        case "StringLike":
            return any(_matches(pattern, value) for pattern in wanted)
        case "StringEquals":
            return value in wanted
        case _:
            return None


def _matches_arn(pattern: str, arn: str) -> bool:
    # Each of an ARN's six parts for itself: a wildcard does not reach over a colon.
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(_matches, patterns, parts))


def _matches(pattern: str, value: str) -> bool:
    # A policy knows `*` and `?`, but no ranges.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _each(value: Any, *, lower: bool = False) -> list[str]:
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    return [str(each).lower() if lower else str(each) for each in values]

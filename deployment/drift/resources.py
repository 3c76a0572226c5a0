"""What others than Terraform have done to its resources, by the refresh of a plan."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from deployment.drift.described import Difference

_Plan = Mapping[str, Any]

# What differs from the state right after a first deployment, and is no drift unless a deployment sets it:
# another resource of the stack has set it and is compared itself, or AWS has.
_FILLED_IN: Mapping[str, Collection[str]] = {
    "aws_apigatewayv2_stage": {"deployment_id"},
    "aws_iam_role": {"inline_policy", "managed_policy_arns"},
    "aws_s3_bucket": {
        *("lifecycle_rule", "logging", "policy", "server_side_encryption_configuration", "versioning"),
    },
    "aws_s3_bucket_server_side_encryption_configuration": {"rule"},
    "aws_sns_topic": {"policy"},
    "aws_sqs_queue": {"policy"},
}
# `functions.py` knows whether somebody went back to a release.
_COMPARED_ELSEWHERE: Mapping[str, Collection[str]] = {"aws_lambda_alias": {"function_version"}}


def resources(plan: _Plan) -> Iterator[Difference]:
    """Each difference. What the code has changed and nobody has deployed yet is allowed."""
    touched = drifted(plan)
    for address, names in touched.items():
        what = f"{', '.join(names)} not as deployed" if names else "gone"
        yield Difference(f"{address}: {what}")
    for each in plan.get("resource_changes", []):
        actions = each["change"]["actions"]
        waiting = _changed(each["change"]) - set(_COMPARED_ELSEWHERE.get(_kind(each["address"]), ()))
        if each["address"] not in touched and waiting and set(actions).isdisjoint({"no-op", "read"}):
            yield Difference(f"{each['address']}: not deployed yet ({', '.join(actions)})", allowed=True)


def drifted(plan: _Plan) -> dict[str, list[str]]:
    """By address, the arguments that are not as they were deployed; none if it is gone.

    `plan` is `terraform show -json` of a plan with its refresh. What was empty and comes back empty otherwise
    (null, {}) is the same.
    """
    planned = {each["address"]: each["change"] for each in plan.get("resource_changes", [])}
    configuration = plan.get("configuration", {}).get("root_module", {}).get("resources", [])
    given = {each["address"]: each.get("expressions", {}).keys() for each in configuration}
    found: dict[str, list[str]] = {}
    for drift in plan.get("resource_drift", []):
        address, change = drift["address"], drift["change"]
        kind = _kind(address)
        if change.get("after") is None:
            found[address] = []
            continue
        names = _changed(change) - set(_COMPARED_ELSEWHERE.get(kind, ()))
        undone = _set(planned.get(address, {}), given.get(re.sub(r"\[[^]]*\]$", "", address), ()))
        if theirs := names - set(_FILLED_IN.get(kind, ())) | names & undone:
            found[address] = sorted(theirs)
    return found


def _kind(address: str) -> str:
    return address.split(".", maxsplit=1)[0]


def _set(change: Mapping[str, Any], given: Collection[str]) -> set[str]:
    """The arguments that a deployment sets. What AWS computes is unknown as soon as anything changes."""
    unknown = {name for name, value in (change.get("after_unknown") or {}).items() if _is_unknown(value)}
    return _changed(change) - unknown | unknown & set(given)


def _is_unknown(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_is_unknown, value.values() if isinstance(value, dict) else value))
    return bool(value)


def _changed(change: Mapping[str, Any]) -> set[str]:
    before, after = (_without_empty(change.get(when) or {}) for when in ("before", "after"))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in parts.items() if each not in (None, "", [], {})}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value

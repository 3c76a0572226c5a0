"""policy-sentry and cloudsplaining on policy documents: a program for their own environment.

Documents on standard input (a list of `documents.Document.as_json`), findings on standard output.
"""

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from cloudsplaining.scan.assume_role_policy_document import AssumeRolePolicyDocument
from cloudsplaining.scan.policy_document import PolicyDocument
from cloudsplaining.scan.resource_policy_document import ResourcePolicyDocument
from cloudsplaining.shared.utils import get_account_id_from_principal
from policy_sentry.analysis.expand import determine_actions_to_expand
from policy_sentry.querying.actions import get_action_data

Statement = Mapping[str, Any]
Found = tuple[str, str, str]
"""Check, action, what it says."""

_PARTS = {
    *("Sid", "Effect", "Action", "Resource", "Condition", "Principal"),
    *("NotAction", "NotResource", "NotPrincipal"),
}
_ALL_OF_A_TYPE = re.compile(r"([\w.-]+[:/])?\*.*")
# IAM guide, "Delegating responsibility to others using permissions boundaries". A group has no boundary.
_GIVING_POLICIES = {
    *("iam:attachrolepolicy", "iam:createrole", "iam:putrolepermissionsboundary", "iam:putrolepolicy"),
    *("iam:attachuserpolicy", "iam:createuser", "iam:putuserpermissionsboundary", "iam:putuserpolicy"),
}
_BECOMING_ANYBODY = {
    *("iam:addusertogroup", "iam:createaccesskey", "iam:createloginprofile", "iam:passrole"),
    *("iam:updateassumerolepolicy", "iam:updateloginprofile", "sts:assumerole"),
}
_CHANGING_BOUNDARIES = {
    *("iam:deleterolepermissionsboundary", "iam:deleteuserpermissionsboundary"),
    *("iam:createpolicyversion", "iam:deletepolicy", "iam:deletepolicyversion"),
    *("iam:setdefaultpolicyversion", "iam:attachgrouppolicy", "iam:putgrouppolicy"),
}


def found_in(document: Mapping[str, Any], account: str, boundaries: Collection[str]) -> Iterator[Found]:
    """What is wrong with one. `account` is its own, `boundaries` are the ARNs of what bounds roles."""
    policy, kind = document["policy"], document["kind"]
    statements = _listed(policy["Statement"])
    for statement in statements:
        yield from _grammar(statement)
    allowing = [statement for statement in statements if statement["Effect"] == "Allow"]
    if kind == "identity":
        yield from _identity(policy, allowing)
        yield from _escapes(allowing, boundaries)
    elif kind == "boundary":
        yield from _boundary(allowing)
        yield from _escapes(allowing, boundaries)
    elif kind == "resource":
        yield from _resource(policy, allowing, account)
    elif kind == "trust":
        yield from _trust(policy, allowing, account)
    else:
        raise ValueError(f"kind = {kind!r}")


def _grammar(statement: Statement) -> Iterator[Found]:
    if unknown := set(statement) - _PARTS:
        raise ValueError(f"a statement with {', '.join(sorted(unknown))}")
    if statement["Effect"] == "Allow":
        for part in ("NotAction", "NotResource", "NotPrincipal"):
            if part in statement:
                yield f"policy-sentry/{part}", "", f"allows all but {json.dumps(statement[part])}"


def _wildcard_actions(statement: Statement) -> Iterator[Found]:
    for action in _actions(statement):
        if _is_pattern(action):
            many = len(_expanded(action))
            yield "policy-sentry/WildcardAction", action, f"allows {many} actions: name those that are needed"


def _unknown_actions(statement: Statement) -> Iterator[Found]:
    for action in _actions(statement):
        if not _expanded(action):
            yield "policy-sentry/UnknownAction", action, "AWS has no such action"


def _wildcard_resources(statement: Statement) -> Iterator[Found]:
    for resource in _resources(statement):
        for action, forms in _taken(_actions(statement)).items():
            if resource == "*" and not forms:
                yield "policy-sentry/WildcardResource", action, "AWS cannot restrict it to a resource"
            elif _is_any(resource):
                yield "policy-sentry/WildcardResource", action, f"on {resource}: name the resource"


def _mismatches(statement: Statement) -> Iterator[Found]:
    resources = _resources(statement)
    for action in _actions(statement):
        taken = _taken([action])
        # Of a pattern's actions, one that fits is enough.
        if taken and all(forms and not _take(forms, resources) for forms in taken.values()):
            forms = sorted({form for forms in taken.values() for form in forms})
            yield (
                "policy-sentry/ResourceMismatch",
                action,
                f"on {', '.join(resources)}: it takes {' or '.join(forms)}",
            )
    everything = [form for forms in _taken(_actions(statement)).values() for form in forms]
    for resource in resources:
        if resource != "*" and not _take(everything, [resource]):
            yield "policy-sentry/ResourceMismatch", resource, "no action of the statement takes it"


def _unbounded(statement: Statement) -> Iterator[Found]:
    for action in _actions(statement):
        for resource in _resources(statement):
            if _is_pattern(action) and _is_any(resource):
                yield "boundary/Unbounded", action, f"on {resource}: name the actions, or the resource"


def _escapes(allowing: Iterable[Statement], boundaries: Collection[str]) -> Iterator[Found]:
    for statement in allowing:
        asked = {
            value
            for test, keys in statement.get("Condition", {}).items()
            if test in ("StringEquals", "ArnEquals")
            for key, values in keys.items()
            if key.casefold() == "iam:permissionsboundary"
            for value in _listed(values)
        }
        bounded = bool(asked) and asked <= set(boundaries)
        everybody = any(map(_is_any, _resources(statement)))
        for action in _taken(_actions(statement)):
            if action.casefold() in _CHANGING_BOUNDARIES:
                yield "boundary/Escape", action, "it changes what bounds roles, or gives to a group"
            elif action.casefold() in _GIVING_POLICIES and not bounded:
                yield (
                    "boundary/Escape",
                    action,
                    "without asking for a boundary of ours",
                )
            elif action.casefold() in _BECOMING_ANYBODY and everybody:
                yield "boundary/Escape", action, "whoever it is: name the resource"


def _principals(statement: Statement, account: str) -> Iterator[Found]:
    given = statement.get("Principal", {})
    principals = _listed(given.get("AWS", [])) if isinstance(given, dict) else _listed(given)
    for principal in principals:
        for action in _actions(statement):
            if "*" in principal:
                yield "cloudsplaining/WildcardPrincipal", action, f"to {principal}: name who may"
            elif get_account_id_from_principal(principal) not in (account, None):
                yield "cloudsplaining/CrossAccount", action, f"to {principal}, of another account"


def _identity(policy: Mapping[str, Any], allowing: Iterable[Statement]) -> Iterator[Found]:
    for statement in allowing:
        yield from (*_wildcard_actions(statement), *_unknown_actions(statement))
        yield from (*_wildcard_resources(statement), *_mismatches(statement))
    # A grant on one resource, or under a condition, is a grant as well: who may read a secret is asked for.
    strict = PolicyDocument(policy, flag_conditional_statements=True, flag_resource_arn_statements=True)
    for escalation in strict.allows_privilege_escalation:
        for action in escalation["actions"]:
            yield "cloudsplaining/PrivilegeEscalation", action, f"by {escalation['type']}"
    yield from _each("DataExfiltration", strict.allows_data_exfiltration_actions, "it reads data")
    yield from _each("CredentialsExposure", strict.credentials_exposure, "it answers credentials")
    yield from _each(
        "ResourceExposure",
        strict.permissions_management_without_constraints,
        "it can open a resource to others",
    )
    yield from _each("ServiceWildcard", strict.service_wildcard, "all of the service's actions")
    unconstrained = PolicyDocument(policy).infrastructure_modification
    yield from _each("InfrastructureModification", unconstrained, "it changes any resource")


def _boundary(allowing: Iterable[Statement]) -> Iterator[Found]:
    """It gives nothing: it may be wide, but has to keep in what it bounds, and to be what it seems to be."""
    for statement in allowing:
        yield from (*_unknown_actions(statement), *_mismatches(statement), *_unbounded(statement))


def _resource(policy: Mapping[str, Any], allowing: Iterable[Statement], account: str) -> Iterator[Found]:
    for statement in allowing:
        yield from (*_wildcard_actions(statement), *_unknown_actions(statement))
        yield from _principals(statement, account)
    for action in ResourcePolicyDocument(policy).internet_accessible_actions:
        yield "cloudsplaining/InternetAccessible", action, "everybody may do it"


def _trust(policy: Mapping[str, Any], allowing: Iterable[Statement], account: str) -> Iterator[Found]:
    trust = AssumeRolePolicyDocument(policy, current_account_id=account)
    yield from _each("AssumableByComputeService", trust.role_assumable_by_compute_services, "assumes it")
    for check, who in (
        ("AssumableByCrossAccountPrincipal", trust.role_assumable_by_cross_account_principals),
        ("AssumableByAnyPrincipal", trust.role_assumable_by_any_principal),
        ("AssumableByAnyPrincipalWithConditions", trust.role_assumable_by_any_principal_with_conditions),
    ):
        yield from _each(check, who, "may assume it")
    for statement in allowing:
        yield from (*_wildcard_actions(statement), *_unknown_actions(statement))
        if "Federated" in statement["Principal"]:
            subjects = [
                subject
                for key, values in statement.get("Condition", {}).get("StringEquals", {}).items()
                if key.endswith(":sub")
                for subject in _listed(values)
            ]
            # Which cloudsplaining does not look at.
            if not subjects:
                yield "trust/AnySubject", "", "any token of the issuer assumes it: name its subject"


def _each(check: str, actions: Iterable[str], what: str) -> Iterator[Found]:
    for action in sorted(set(actions)):
        yield f"cloudsplaining/{check}", action, what


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _actions(statement: Statement) -> list[str]:
    return _listed(statement.get("Action", []))


def _resources(statement: Statement) -> list[str]:
    resources = _listed(statement.get("Resource", []))
    for resource in resources:
        if resource != "*" and not re.fullmatch(r"arn(:[^:]*){4}:.+", resource):
            raise ValueError(f"{resource} is no ARN")
    return resources


def _is_pattern(action: str) -> bool:
    return "*" in action or "?" in action


def _expanded(action: str) -> list[str]:
    """The actions of AWS's that it names, or its pattern; none if there are none, or it is not understood."""
    return [one for one in determine_actions_to_expand([action]) if _data(one)]


def _taken(actions: Iterable[str]) -> dict[str, list[str]]:
    """The forms of the resources that each of them takes, patterns expanded; none where it takes only `*`."""
    return {
        one: [form for each in _data(one) if (form := str(each["resource_arn_format"])) != "*"]
        for action in actions
        for one in _expanded(action)
    }


def _data(action: str) -> list[dict[str, Any]]:
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return found.get(service, []) if isinstance(found, dict) else []


def _take(forms: Iterable[str], resources: Iterable[str]) -> bool:
    return any(_overlap(resource, form) for resource in resources for form in forms)


def _is_any(resource: str) -> bool:
    return resource == "*" or bool(_ALL_OF_A_TYPE.fullmatch(resource.split(":", 5)[5].replace("?", "*")))


def _overlap(resource: str, form: str) -> bool:
    """Whether an ARN, maybe with wildcards, can be of that form, as `arn:${Partition}:s3:::${BucketName}`."""
    if resource == "*":
        return True
    if form.endswith(":::${BucketName}") and "/" in resource:
        return False
    parts = zip(resource.split(":", 5), re.sub(r"\$\{[^}]*\}", "*", form).split(":", 5), strict=True)
    return all(_globs_overlap(one, other, {}) for one, other in parts)


def _globs_overlap(one: str, other: str, seen: dict[tuple[int, int], bool]) -> bool:
    if not one or not other:
        return not (one or other).strip("*")
    place = len(one), len(other)
    if place not in seen:
        if one[0] == "*" or other[0] == "*":
            seen[place] = _globs_overlap(one[1:], other, seen) or _globs_overlap(one, other[1:], seen)
        else:
            seen[place] = (one[0] == other[0] or "?" in (one[0], other[0])) and _globs_overlap(
                one[1:], other[1:], seen
            )
    return seen[place]


def main() -> None:
    """What is not understood ends it with an error, and nothing on standard output."""
    given = json.load(sys.stdin)
    found = [
        {"stack": document["stack"], "resource": document["resource"], "check": check, "action": action,
         "what": what}
        for document in given["documents"]
        for check, action, what in sorted(set(found_in(document, given["account"], given["boundaries"])))
    ]  # fmt: skip
    json.dump({"documents": len(given["documents"]), "findings": found}, sys.stdout)


if __name__ == "__main__":
    main()

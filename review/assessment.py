"""All that a change does, from the synthesized stacks of both revisions."""

from collections.abc import Iterable, Iterator, Mapping

from config.errors import OneLineError
from review.behaviour import behaviour
from review.changes import Comparison, compared
from review.code import UNPLANNED, code
from review.cost import cost
from review.data import data_at_risk
from review.exposure import exposure
from review.finding import Finding, Folded, Part, fold
from review.permissions import who_may_do_what
from review.replacement import Planner, Replacement, replacements
from review.rest import rest
from review.stack import Stack

_ABOUT_PERMISSIONS = {
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_lambda_permission",
    "aws_s3_bucket_policy",
    "aws_secretsmanager_secret_policy",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
}


def assessed(
    old: Mapping[str, Stack],
    new: Mapping[str, Stack],
    planner: Planner | OneLineError,
    planned: Mapping[str, Mapping[str, Replacement]] | None = None,
) -> list[Folded]:
    """What the change does. Instead of a planner: why there is none. `planned`: from a real plan."""
    comparisons = compared(old, new)
    findings: dict[str, list[Finding]] = {}
    replaced, why_not = _replaced(comparisons, planner, planned)
    for comparison in comparisons:
        findings[comparison.new.name] = list(
            _of_stack(comparison, replaced.get(comparison.new.name, {}), why_not)
        )
    return fold(findings)


def _replaced(
    comparisons: Iterable[Comparison],
    planner: Planner | OneLineError,
    planned: Mapping[str, Mapping[str, Replacement]] | None,
) -> tuple[Mapping[str, Mapping[str, Replacement]], str | None]:
    if planned is not None:
        return planned, None
    if isinstance(planner, OneLineError):
        return {}, str(planner)
    try:
        return replacements(comparisons, planner, UNPLANNED), None
    except OneLineError as error:
        return {}, str(error)


def _of_stack(
    comparison: Comparison, replaced: Mapping[str, Replacement], why_not: str | None
) -> Iterator[Finding]:
    permissions = list(who_may_do_what(comparison))
    found = [
        *data_at_risk(comparison, None if why_not else replaced),
        *permissions,
        *exposure(comparison),
        *code(comparison),
    ]
    told = {key for finding in found for key in finding.tells}
    behaving = list(behaviour(comparison, told))
    found += behaving
    told |= {key for finding in behaving for key in finding.tells}
    told |= {
        f"{change.address}:{'*' if change.kind == 'aws_lambda_permission' else 'policy'}"
        for change in comparison.changes
        if change.kind in _ABOUT_PERMISSIONS and permissions
    }
    found += cost(comparison)
    found += rest(comparison, told, replaced, permissions=bool(permissions))
    there = {*comparison.new.resources, *comparison.new.data}
    for missing in sorted(comparison.new.references(comparison.new.document) - there):
        text = f"`{missing}` is referred to, and is not there: Terraform will refuse"
        found.append(Finding(Part.UNKNOWN, text))
    updated = any(
        argument.path not in UNPLANNED
        for change in comparison.changes
        if change.before is not None and change.after is not None
        for argument in change.arguments
    )
    if why_not and updated:
        found.append(Finding(Part.UNKNOWN, f"which changed resources are made anew: {why_not}"))
    yield from (finding for finding in found if finding.text)

"""All that a change does, from the synthesized stacks of both revisions."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from config.errors import OneLineError
from review.behaviour import behaviour
from review.changes import Comparison, compared
from review.code import UNPLANNED, code
from review.cost import cost
from review.data import data_at_risk
from review.exposure import exposure
from review.finding import Finding, Folded, Part, fold
from review.not_understood import not_understood
from review.permissions import who_may_do_what
from review.planner import Planner
from review.provider_lock import provider_lock
from review.replacement import Replacement, replacements
from review.rest import rest
from review.roles import roles
from review.secrets_in_state import secrets_in_state
from review.stack import Stack


def assessed(
    old: Mapping[str, Stack],
    new: Mapping[str, Stack],
    planner: Planner | OneLineError,
    planned: Mapping[str, Mapping[str, Replacement]] = MappingProxyType({}),
) -> list[Folded]:
    """What the change does. Instead of a planner: why there is none. `planned`: of what has a real plan."""
    comparisons = compared(old, new)
    replaced, why_not = _replaced([one for one in comparisons if one.new.name not in planned], planner)
    replaced |= planned
    return fold(
        {
            comparison.new.name: _of_stack(
                comparison,
                replaced.get(comparison.new.name, {}),
                why_not.get(comparison.new.name),
            )
            for comparison in comparisons
        }
    )


def _replaced(
    comparisons: Sequence[Comparison], planner: Planner | OneLineError
) -> tuple[dict[str, Mapping[str, Replacement]], dict[str, str]]:
    """What is made anew in each stack, or why that is not known."""
    if isinstance(planner, OneLineError):
        return {}, {comparison.new.name: str(planner) for comparison in comparisons}
    try:
        return {**replacements(comparisons, planner, UNPLANNED)}, {}
    except OneLineError as error:
        if len(comparisons) == 1:
            return {}, {comparisons[0].new.name: str(error)}
    # What is wrong in one stack says nothing of the others.
    replaced: dict[str, Mapping[str, Replacement]] = {}
    why_not: dict[str, str] = {}
    for comparison in comparisons:
        one, why = _replaced([comparison], planner)
        replaced |= one
        why_not |= why
    return replaced, why_not


def _of_stack(
    comparison: Comparison, replaced: Mapping[str, Replacement], why_not: str | None
) -> Iterator[Finding]:
    permissions = list(who_may_do_what(comparison))
    found = [
        *data_at_risk(comparison, None if why_not else replaced),
        *secrets_in_state(comparison),
        *permissions,
        *provider_lock(comparison),
        *roles(comparison),
        *exposure(comparison),
        *code(comparison),
        *not_understood(comparison),
    ]
    told = {key for finding in found for key in finding.tells}
    behaving = list(behaviour(comparison, told))
    found += behaving
    told |= {key for finding in behaving for key in finding.tells}
    found += cost(comparison)
    found += rest(
        comparison,
        told,
        replaced,
        permissions=any(finding.part is Part.PERMISSIONS for finding in permissions),
    )
    there = {*comparison.new.resources, *comparison.new.data}
    for missing in sorted(comparison.new.references(comparison.new.text) - there):
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

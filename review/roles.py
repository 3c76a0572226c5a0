"""Who may do what, beside policies: as whom things act, whose tokens are trusted, what calls functions."""

import re
from collections.abc import Iterator
from typing import Any

from review.changes import Change, Comparison
from review.finding import Finding, Part
from review.shapes import blocks
from review.values import all_of, difference, shown

_ROLE = re.compile(r"(^|_)role(_arn)?$|credentials_arn$")
_OUTSIDE = "is not in this stack: what it may is not known"
_PLAIN = re.compile(r"\$\{(aws_iam_role\.[\w-]+)\.\w+\}")
_ISSUER = "roles may trust whom it says to know"
SAID = {
    "aws_iam_openid_connect_provider": _ISSUER,
    "aws_iam_saml_provider": _ISSUER,
    "aws_lambda_event_source_mapping": "a function is called with what arrives there",
}
"""Types of which all that changes is said, and what it is about."""

# How a function is called, and not whether: behaviour.
_HOW_MANY = {
    "batch_size",
    "bisect_batch_on_function_error",
    "function_response_types",
    "maximum_batching_window_in_seconds",
    "maximum_record_age_in_seconds",
    "maximum_retry_attempts",
    "metrics_config",
    "parallelization_factor",
    "scaling_config",
    "tags",
    "tumbling_window_in_seconds",
}


def roles(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    for change in comparison.changes:
        if change.kind in SAID:
            for path, text in all_of(comparison, change):
                if re.split(r"[.[]", path)[0] not in _HOW_MANY:
                    yield Finding(
                        Part.PERMISSIONS,
                        f"`{change.address}` {text}: {SAID[change.kind]}",
                        comparison.construct(change),
                        (f"{change.address}:{path}",),
                    )
        elif not change.kind.startswith("aws_iam_"):
            yield from _acting(comparison, change)


def _roles_in(given: Any) -> Iterator[Any]:
    """What it and the blocks in it act as."""
    for one in blocks(given):
        for argument, value in one.items():
            if _ROLE.search(argument):
                yield value
            else:
                yield from _roles_in(value)


def _acting(comparison: Comparison, change: Change) -> Iterator[Finding]:
    """What acts as another role, or is new and acts as one whose permissions are not new with it."""
    label, construct = comparison.label(change), comparison.construct(change)
    if change.before is None and change.after is not None:
        made = {one.address for one in comparison.of("aws_iam_role") if one.before is None}
        for value in _roles_in(change.after):
            plain = _PLAIN.fullmatch(str(value))
            if plain is None or plain[1] not in made:
                role = shown(comparison.new.canonical(value), whole=True)
                there = plain is not None and plain[1] in comparison.new.resources
                which = "was there before" if there else _OUTSIDE
                text = f"{label} is new, and acts as {role}, which {which}"
                yield Finding(Part.PERMISSIONS, text, construct)
    elif change.after is not None:
        for one in change.arguments:
            if _ROLE.search(one.path.rpartition(".")[2]) or _others(
                _roles_in(one.after), _roles_in(one.before)
            ):
                text = f"{label} **acts as another role**: {difference(one, whole=True)}"
                yield Finding(Part.PERMISSIONS, text, construct, (f"{change.address}:{one.path}",))


def _others(some: Iterator[Any], known: Iterator[Any]) -> bool:
    there = list(known)
    return any(one not in there for one in some)

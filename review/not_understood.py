"""What is not understood here: types, how many there are, whose, programs, files, other sections."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any

from review.behaviour import KINDS
from review.changes import Argument, Comparison, arguments, other
from review.exposure import BARS, WHOLE
from review.finding import Finding, Part
from review.permissions import IAM
from review.policies import read
from review.roles import SAID
from review.shapes import Block, block, listed
from review.stack import REPETITIONS, Stack
from review.values import all_of, difference, shown

UNDERSTOOD = frozenset(
    {
        *KINDS,
        *WHOLE,
        *BARS,
        *IAM,
        *SAID,
        "aws_apigatewayv2_route",
        "aws_cloudwatch_log_subscription_filter",
        "aws_lambda_permission",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_replication_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_object",
        "aws_secretsmanager_secret_version",
        "aws_sns_topic",
        "aws_sns_topic_policy",
        "aws_sqs_queue_policy",
    }
)
"""Types of resources that other parts of a page are about; of any other, nobody here knows what it does."""

_DATA_SOURCES = frozenset(
    {
        "aws_caller_identity",
        "aws_iam_policy_document",
        "aws_partition",
        "aws_region",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_version",
    }
)
"""Types of data sources, likewise."""

# A data source's program is run by every plan.
_PROGRAMS = ("provisioner", "program")
_NUMBER = "how many come or go, and what with them, is not known"
# Types that let somebody do something, whatever it is.
_GRANTS = re.compile(
    r"aws_(?:iam|ssoadmin|ram|organizations|lakeformation)_|aws_(?:kms_grant|vpc_endpoint_policy)$"
)
# What is no resource's and runs where it is deployed from: providers, and what modules bring.
_BRINGS_PROGRAMS = re.compile(
    r"terraform\.required_providers\.[\w-]+(?:\.source)?$|(?:module|removed|provider\.(?!aws\b))"
)
_PROVIDER, _ENDPOINTS = re.compile(r"provider\.aws\b"), "endpoints"
# What else Terraform does by an argument; of a block that is new, it does the last two as well.
_MEANINGS = {
    **dict.fromkeys(REPETITIONS, _NUMBER),
    "lifecycle.ignore_changes": "what differs there stays as it is",
    "dynamic": "which blocks it makes is not known",
    "provider": "in whose account and in which region it is, is not known",
}
_REFERENCES = {"locals": "local", "variable": "var"}
_OF_NEW = (*REPETITIONS, "dynamic", "provider")
# What a file says is in no revision's document.
# In JSON's text a line break before it is `\n`, whose letter begins no word.
_FILE = re.compile(r"\$\{[^}]*(?:\b|\\[nrt])(?:template)?file\w*\(")
# Beside resources: the sections, and what of them, that other parts of a page are about.
_READ = re.compile(
    r"(?:locals|output|variable)\b.*"
    r"|provider\.aws\.(?:allowed_account_ids|assume_role|default_tags|region)\b.*"
    r"|terraform\.(?:backend\b.*|required_version|required_providers\.[\w-]+\.version)"
)
# These too, as long as they have none of this.
_READ_WITHOUT = {"check": "data", "removed": "provisioner"}


def not_understood(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    for address, before, after in chain(_resources(comparison), _data(comparison)):
        label = comparison.new.label(address)
        name = f"`{address}`" if label == address else label
        for key in (*_MEANINGS, *_PROGRAMS):
            was, now = _value(comparison.old, before, key), _value(comparison.new, after, key)
            told = (f"{address}:{key}",)
            if was == now:
                continue
            if key in _PROGRAMS and now is not None:
                program = shown(now, key, whole=True)
                text = f"{name} has Terraform **run a program** where it is deployed from: {program}"
                yield Finding(Part.PERMISSIONS, text, tells=told)
            elif key in _MEANINGS and (before is not None or key in _OF_NEW):
                text = f"{name}: {_MEANINGS[key]}: {difference(Argument(key, was, now))}"
                yield Finding(Part.UNKNOWN, text, tells=told)
    yield from _types(comparison)
    yield from _files(comparison)
    yield from _referred_to(comparison)
    for argument in comparison.others:
        if not _is_read(comparison, argument):
            part, comes = _comes_of(argument)
            text = f"{difference(argument, whole=True)}: {comes}"
            yield Finding(part, text, tells=(other(argument),))


def _comes_of(argument: Argument) -> tuple[Part, str]:
    if argument.after is not None and _BRINGS_PROGRAMS.match(argument.path):
        return Part.PERMISSIONS, "Terraform may **run a program** of it where it is deployed from"
    if _PROVIDER.match(argument.path) and _ENDPOINTS in f"{argument.path}{argument.after}":
        return Part.EXPOSURE, "what Terraform **asks of AWS**, and tells it, it asks there"
    return Part.UNKNOWN, "what comes of it is not known here"


def _types(comparison: Comparison) -> Iterator[Finding]:
    for change in comparison.changes:
        if change.kind not in UNDERSTOOD:
            grants = _GRANTS.match(change.kind) is not None
            part, does = (Part.PERMISSIONS, "lets whom do") if grants else (Part.UNKNOWN, "does")
            nor = _nor(comparison, change.address, change.before)
            for path, text in all_of(comparison, change):
                yield Finding(
                    part,
                    f"`{change.address}` {text}: what `{change.kind}` {does} is not understood here{nor}",
                    comparison.construct(change),
                    (f"{change.address}:{path}",),
                )
    for address, before, after in _data(comparison):
        kind = address.split(".")[1]
        if kind == "aws_iam_policy_document" or (kind in _DATA_SOURCES and before is None):
            continue
        was, now = comparison.old.canonical(before), comparison.new.canonical(after)
        for argument in arguments(was, now):
            if kind in _DATA_SOURCES and argument.top == "name":
                # What is called after it says so.
                continue
            text = difference(argument, whole=True) if before else f"is new, {shown(now, whole=True)}"
            text = f"`{address}` {text}: what it finds is not known here{_nor(comparison, address, before)}"
            yield Finding(Part.UNKNOWN, text, tells=(f"{address}:{argument.path or '*'}",))


def _nor(comparison: Comparison, address: str, before: Block | None) -> str:
    """What refers to it, and reads as before though it may be another."""
    users = _users(comparison.new.document, address) if before is not None else []
    return f", nor what becomes of {_code(users)}" if users else ""


def _files(comparison: Comparison) -> Iterator[Finding]:
    """Of policies who may do what says it."""
    stack = comparison.new
    if not _FILE.search(stack.text):
        return
    for address, given in [*stack.resources.items(), *stack.data.items()]:
        for argument, value in given.items():
            if not _FILE.search(value if isinstance(value, str) else json.dumps(value)):
                continue
            if not argument.endswith("_policy_documents") and not read(stack, argument, value):
                text = f"`{address}`: {shown(value)} in `{argument}` is read from a file: whether that says "
                yield Finding(Part.UNKNOWN, f"{text}something else now is not known here")


def _referred_to(comparison: Comparison) -> Iterator[Finding]:
    """Local values and defaults of variables that differ: what refers to them reads as before."""
    old, new = comparison.old.document, comparison.new.document
    for argument in comparison.others:
        section, *rest = argument.path.split(".")
        name = rest[0].partition("[")[0] if rest else ""
        known = block(old.get(section))
        if section not in _REFERENCES or name not in known:
            continue
        # A variable that had no default is given a value, and keeps it.
        if section == "variable" and not (
            rest[1:] and rest[1].startswith("default") and "default" in block(known[name])
        ):
            continue
        if users := _users(new, f"{_REFERENCES[section]}.{name}"):
            # A default may be a secret's.
            said = difference(argument, whole=True) if section == "locals" else f"`{argument.path}` changed"
            text = f"{said}: what becomes of {_code(users)} is not known here"
            yield Finding(Part.UNKNOWN, text, tells=(other(argument),))


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _users(document: Mapping[str, Any], reference: str) -> list[str]:
    """What refers to it, be it by other local values: addresses, and sections."""
    references = {reference}
    given = block(document.get("locals"))
    while more := {
        f"local.{name}"
        for name, value in given.items()
        if f"local.{name}" not in references and _refers(value, references)
    }:
        references |= more
    typed = ("resource", "data")
    found = [
        f"{'data.' if section == 'data' else ''}{kind}.{name}"
        for section in typed
        for kind, named in document.get(section, {}).items()
        for name, value in named.items()
        if _refers(value, references)
    ]
    others = (*typed, "locals", "variable", "//")
    return found + [
        section for section, value in document.items() if section not in others and _refers(value, references)
    ]


def _refers(value: Any, references: Collection[str]) -> bool:
    any_of = "|".join(map(re.escape, references))
    return re.search(rf"(?<![\w.-])(?:{any_of})(?![\w-])", json.dumps(value)) is not None


def _value(stack: Stack, given: Block | None, key: str) -> Any:
    if given is None:
        return None
    if key == "dynamic":
        return stack.canonical(list(_dynamic(given))) or None
    within, _, argument = key.rpartition(".")
    return stack.canonical((block(given.get(within)) if within else given).get(argument))


def _dynamic(given: Any) -> Iterator[Any]:
    """Of the block and of those in it."""
    for one in listed(given):
        if isinstance(one, dict):
            for key, part in one.items():
                if key == "dynamic":
                    yield part
                else:
                    yield from _dynamic(part)


def _is_read(comparison: Comparison, argument: Argument) -> bool:
    section = argument.path.partition(".")[0].partition("[")[0]
    if section in _READ_WITHOUT:
        return f'"{_READ_WITHOUT[section]}":' not in json.dumps([argument.before, argument.after])
    # Of a stack that is new or gone, that it is says it all of what every stack has.
    both = comparison.old.document and comparison.new.document
    return _READ.match(argument.path) is not None or (not both and section in ("provider", "terraform"))


def _resources(comparison: Comparison) -> Iterator[tuple[str, Block | None, Block]]:
    for change in comparison.changes:
        if change.after is not None:
            yield change.address, change.before, change.after


def _data(comparison: Comparison) -> Iterator[tuple[str, Block | None, Block]]:
    for address, given in comparison.new.data.items():
        if address in comparison.differing:
            yield address, comparison.old.data.get(address), given

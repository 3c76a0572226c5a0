"""Secrets that come into Terraform's state or out of its plans, where whoever reads these reads them."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from review.changes import Comparison
from review.finding import Finding, Part
from review.stack import REPETITIONS, Stack
from review.values import named_as_a_secret

_VARIABLE = re.compile(r"(?<![\w.])var\.([\w-]+)")
_LOCAL = re.compile(r"(?<![\w.])local\.([\w-]+)")
# What a variable says of itself if it is a secret, and what may be without it.
_MARKS = {
    "ephemeral": "Terraform's plans and state may hold it",
    "sensitive": "Terraform may print it",
}
_VERSION = "aws_secretsmanager_secret_version"
# Beside them there are arguments that no state keeps: `secret_string_wo`.
_KEPT = ("secret_string", "secret_binary")


@dataclass(frozen=True)
class _Place:
    """What a state keeps a value of: an argument, an output."""

    name: str
    value: Any
    tells: tuple[str, ...] = ()
    secret: bool = False
    """Whatever its value is."""


def secrets_in_state(comparison: Comparison) -> Iterator[Finding]:
    """The findings of a stack."""
    # What has only been renamed holds nothing new.
    old, new = comparison.renamed().old, comparison.new
    before, after = (stack.document.get("variable", {}) for stack in (old, new))
    for variable in sorted(before.keys() & after.keys()):
        for mark, so in _MARKS.items():
            if before[variable].get(mark) and not after[variable].get(mark):
                text = f"`var.{variable}` is no longer `{mark}`: {so}"
                yield Finding(Part.DATA, text, tells=(f"variable.{variable}.{mark}:*",))
    variables = {
        name
        for name, one in [*before.items(), *after.items()]
        if named_as_a_secret(name) or any(one.get(mark) for mark in _MARKS)
    }
    former = {place.name: place for place in _places(old, new)}
    for place in _places(new, old):
        known = former.get(place.name)
        if place == known:
            continue
        if more := sorted(_held(place, variables) - (_held(known, variables) if known else set())):
            text = f"{place.name} brings {', '.join(more)} into Terraform's state: who reads that reads it"
            yield Finding(Part.DATA, text, tells=place.tells)


def _held(place: _Place, variables: Collection[str]) -> set[str]:
    named = {f"`var.{name}`" for name in _VARIABLE.findall(json.dumps(place.value)) if name in variables}
    return named or ({"a secret's value"} if place.secret else set())


def _places(stack: Stack, other: Stack) -> Iterator[_Place]:
    """With the local values that each refers to: a state keeps what they are."""
    given, theirs = stack.document.get("locals"), other.document.get("locals")
    for place in _written(stack, other if given == theirs else None):
        yield replace(place, value=_resolved(place.value, given)) if given else place


def _resolved(value: Any, given: Mapping[str, Any]) -> Any:
    found: dict[str, Any] = {}
    while more := {*_LOCAL.findall(json.dumps([value, found]))} - found.keys():
        found |= {name: given.get(name) for name in more}
    return [value, found] if found else value


def _written(stack: Stack, other: Stack | None) -> Iterator[_Place]:
    """But for the blocks that the other revision has as well."""
    for address, block in [*stack.resources.items(), *stack.data.items()]:
        if other and block == (other.data if address.startswith("data.") else other.resources).get(address):
            continue
        version = address.startswith(f"{_VERSION}.")
        for key, part in block.items():
            # Terraform refuses a secret that says how many there are.
            if not key.endswith("_wo") and key not in REPETITIONS:
                # Of a block within, what else has changed in it is told by others.
                told = (f"{address}:{key}",) if isinstance(part, str) else ()
                yield _Place(f"`{key}` of `{address}`", part, told, secret=version and key in _KEPT)
        if address.startswith(f"data.{_VERSION}."):
            yield _Place(f"`{address}`", None, secret=True)
    for name, block in stack.document.get("output", {}).items():
        tells = (f"output.{name}:*", f"output.{name}.value:*")
        yield _Place(f"the output `{name}`", block.get("value"), tells)
    for name, value in stack.document.get("locals", {}).items():
        yield _Place(f"`local.{name}`", value)

"""What this program does not understand: how many there are, whose, programs that run, other sections."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from review.changes import Argument, Comparison, other
from review.finding import Finding, Part
from review.shapes import Block, block, listed
from review.stack import REPETITIONS, Stack
from review.values import difference, shown

# A data source's program is run by every plan.
_PROGRAMS = ("provisioner", "program")
_NUMBER = "how many come or go, and what with them, is not known"
# What else Terraform does by an argument; of a block that is new, it does the last two as well.
_MEANINGS = {
    **dict.fromkeys(REPETITIONS, _NUMBER),
    "lifecycle.ignore_changes": "what differs there stays as it is",
    "dynamic": "which blocks it makes is not known",
    "provider": "in whose account and in which region it is, is not known",
}
_OF_NEW = ("dynamic", "provider")
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
                text = f"{name} has Terraform **run a program** where it is deployed from: {shown(now, key)}"
                yield Finding(Part.UNKNOWN, text, tells=told)
            elif key in _MEANINGS and (before is not None or key in _OF_NEW):
                text = f"{name}: {_MEANINGS[key]}: {difference(Argument(key, was, now))}"
                yield Finding(Part.UNKNOWN, text, tells=told)
    for argument in comparison.others:
        if not _is_read(comparison, argument):
            text = f"{difference(argument, whole=True)}: what comes of it is not known here"
            yield Finding(Part.UNKNOWN, text, tells=(other(argument),))


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
        before = comparison.old.data.get(address)
        if not comparison.alike(before, given):
            yield address, before, given

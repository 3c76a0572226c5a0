"""Two revisions of the stacks, the later one changed by hand: what synthesis would give, at once."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from config.errors import OneLineError
from config.names import stack_name
from review.assessment import assessed
from review.finding import Folded, Part
from review.planner import Planner
from review.replacement import Replacement
from review.shapes import Block
from review.stack import Stack
from tests.template import Template

Change = Callable[[Block], None]
"""Changes a platform's document, in place."""


def stacks(templates: Mapping[str, Template]) -> dict[str, Stack]:
    return {name: Stack(name, template.document) for name, template in templates.items()}


def frozen(folder: Path) -> dict[str, Stack]:
    """Stacks that were once synthesized, a file each."""
    return {
        file.stem: Stack(file.stem, json.loads(file.read_text(encoding="utf-8")))
        for file in folder.glob("*.json")
    }


def changed(old: Mapping[str, Stack], change: Change, *environments: str) -> dict[str, Stack]:
    """Those of the environments, or all platforms, changed; the rest is as before."""
    new = dict(old)
    for name, stack in old.items():
        if name in map(stack_name, environments or ("dev", "staging", "prod")):
            document = json.loads(json.dumps(dict(stack.document)))
            change(document)
            new[name] = Stack(name, document, stack.packages)
    return new


def assess(
    old: Mapping[str, Stack], new: Mapping[str, Stack], planner: Planner | OneLineError | None = None
) -> list[Folded]:
    """Without a planner: as if a plan had said that nothing is made anew."""
    planned: dict[str, dict[str, Replacement]] = {} if planner else {name: {} for name in {**old, **new}}
    return assessed(old, new, planner or OneLineError("not asked"), planned)


def texts(findings: list[Folded], part: Part) -> list[str]:
    return [finding.text for finding in findings if finding.part is part]


def said_of_prod(old: Mapping[str, Stack], before: Change, after: Change, part: Part) -> list[str]:
    """What is said under `part` where prod is changed from the one to the other, which begins with it."""

    def both(document: Block) -> None:
        before(document)
        after(document)

    prod = {name: stack for name, stack in old.items() if name == stack_name("prod")}
    return texts(assess(changed(prod, before, "prod"), changed(prod, both, "prod")), part)


def policy(document: Block, name: str) -> Any:
    """The statements of the policy document whose name begins so."""
    documents = document["data"]["aws_iam_policy_document"]
    (found,) = [block for key, block in documents.items() if key.startswith(name)]
    return found["statement"]


def one(document: Block, kind: str, name: str) -> Any:
    """The resource of that type whose name in its address begins so."""
    (found,) = [block for key, block in document["resource"][kind].items() if key.startswith(name)]
    return found


def move(document: Block, kind: str, old: str, new: str) -> Block:
    """Give a resource another address by a `moved` block, and what refers to it with it; the resource."""
    changed = renamed(document, f"{kind}.{old}.", f"{kind}.{new}.")
    document.clear()
    document.update(changed)
    document["resource"][kind][new] = document["resource"][kind].pop(old)
    document["moved"] = [{"from": f"{kind}.{old}", "to": f"{kind}.{new}"}]
    moved: Block = document["resource"][kind][new]
    return moved


def renamed(value: Any, old: str, new: str) -> Any:
    """The value with the address in it changed, in references too."""
    match value:
        case dict():
            return {key: renamed(part, old, new) for key, part in value.items()}
        case list():
            return [renamed(part, old, new) for part in value]
        case str():
            return value.replace(old, new)
    return value

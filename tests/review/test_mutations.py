"""Any one permission that is taken from or added to any policy is on the page, under who may do what."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from review.changes import Comparison, compared
from review.permissions import who_may_do_what
from review.shapes import Block
from review.stack import Stack

SNAPSHOTS = [
    file
    for file in sorted((Path(__file__).parents[1] / "__snapshots__/test_snapshots").glob("*.json"))
    # A secrets' stack allows nobody anything.
    if not file.stem.endswith("-secrets")
]
POLICIES = "aws_iam_policy_document"
PERMISSIONS = "aws_lambda_permission"
ADDED = {"actions": "iam:PassRole", "resources": "arn:aws:s3:::another-bucket/*"}


def mutations(document: Block) -> Iterator[tuple[str, Block]]:
    """Every document that differs in one permission, with what differs."""
    for name, found in document["data"][POLICIES].items():
        for number, statement in enumerate(found["statement"]):
            for key in ("actions", "resources"):
                for index in range(len(statement.get(key, []))):
                    yield (
                        f"{name}[{number}] without {key}[{index}]",
                        _without(document, name, number, key, index),
                    )
            for key, value in ADDED.items():
                # Beside a `*`, or twice, it says nothing.
                if key in statement and not {"*", value} & set(statement[key]):
                    changed = _copied(document, "data", POLICIES, name)
                    _statement(changed, name, number)[key].append(value)
                    yield f"{name}[{number}] with {value}", changed
            yield from _other_conditions(document, name, number)
            yield from _other_principals(document, name, number)
            changed = _copied(document, "data", POLICIES, name)
            other = "Allow" if statement.get("effect") == "Deny" else "Deny"
            _statement(changed, name, number)["effect"] = other
            yield f"{name}[{number}] as {other}", changed
    for name in document["resource"].get(PERMISSIONS, {}):
        changed = _copied(document, "resource", PERMISSIONS, name)
        del changed["resource"][PERMISSIONS][name]
        yield f"without {name}", changed
        changed = _copied(document, "resource", PERMISSIONS, name)
        del changed["resource"][PERMISSIONS][name]["source_arn"]
        yield f"{name} for any source", changed


def _other_conditions(document: Block, name: str, number: int) -> Iterator[tuple[str, Block]]:
    """Without each, and with another value of each."""
    for index in range(len(_statement(document, name, number).get("condition", []))):
        where = f"{name}[{number}].condition[{index}]"
        changed = _copied(document, "data", POLICIES, name)
        del _statement(changed, name, number)["condition"][index]
        yield f"without {where}", changed
        changed = _copied(document, "data", POLICIES, name)
        _statement(changed, name, number)["condition"][index]["values"] = ["another"]
        yield f"{where} of another value", changed


def _other_principals(document: Block, name: str, number: int) -> Iterator[tuple[str, Block]]:
    """For somebody else instead of each, and for somebody more; everybody is nobody more's."""
    for index, principals in enumerate(_statement(document, name, number).get("principals", [])):
        where = f"{name}[{number}].principals[{index}]"
        for position, identifier in enumerate(principals["identifiers"]):
            changed = _copied(document, "data", POLICIES, name)
            other = _statement(changed, name, number)["principals"][index]["identifiers"]
            other[position] = "another.amazonaws.com"
            yield f"{where} without {identifier}", changed
        changed = _copied(document, "data", POLICIES, name)
        _statement(changed, name, number)["principals"][index]["identifiers"].append("another.amazonaws.com")
        yield f"{where} with another", changed


def _copied(document: Block, section: str, kind: str, name: str) -> Block:
    """With that one block copied, and the rest, which is most of it, shared."""
    blocks = document[section]
    block = json.loads(json.dumps(blocks[kind][name]))
    return {**document, section: {**blocks, kind: {**blocks[kind], name: block}}}


def _statement(document: Block, name: str, number: int) -> Any:
    return document["data"][POLICIES][name]["statement"][number]


def _without(document: Block, name: str, number: int, key: str, index: int) -> Block:
    changed = _copied(document, "data", POLICIES, name)
    statement = _statement(changed, name, number)
    del statement[key][index]
    if not statement[key]:
        del changed["data"][POLICIES][name]["statement"][number]
    return changed


@pytest.mark.parametrize("file", SNAPSHOTS, ids=lambda file: file.stem)
def test_any_one_permission_that_changes_is_on_the_page(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    stack = {file.stem: Stack(file.stem, document)}
    (same,) = compared(stack, stack)
    silent = []
    tried = 0
    for what, changed in mutations(document):
        tried += 1
        # The same old stack for all of them: its permissions are read once.
        if not list(who_may_do_what(Comparison(same.old, replace(same.new, document=changed)))):
            silent.append(what)
    assert tried > 5
    assert silent == []

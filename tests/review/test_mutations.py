"""Any one permission that is taken from or added to any policy is on the page, under who may do what."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

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

Mutation = tuple[str, Block | None]
"""What differs in a block, and the block that differs in it; None: it is gone."""


def of_policy(block: Block) -> Iterator[Mutation]:
    """Every policy document that differs in one permission."""
    for number, statement in enumerate(block["statement"]):
        for key in ("actions", "resources"):
            for index in range(len(statement.get(key, []))):
                yield f"[{number}] without {key}[{index}]", _without(block, number, key, index)
        for key, value in ADDED.items():
            # Beside a `*`, or twice, it says nothing.
            if key in statement and not {"*", value} & set(statement[key]):
                changed = _copied(block)
                changed["statement"][number][key].append(value)
                yield f"[{number}] with {value}", changed
        yield from _other_conditions(block, number)
        yield from _other_principals(block, number)
        changed = _copied(block)
        other = "Allow" if statement.get("effect") == "Deny" else "Deny"
        changed["statement"][number]["effect"] = other
        yield f"[{number}] as {other}", changed


def of_invocation(block: Block) -> Iterator[Mutation]:
    """Without it, and for any source."""
    yield "gone", None
    yield "for any source", {key: value for key, value in block.items() if key != "source_arn"}


def _other_conditions(block: Block, number: int) -> Iterator[Mutation]:
    """Without each, and with another value of each."""
    for index in range(len(block["statement"][number].get("condition", []))):
        where = f"[{number}].condition[{index}]"
        changed = _copied(block)
        del changed["statement"][number]["condition"][index]
        yield f"without {where}", changed
        changed = _copied(block)
        changed["statement"][number]["condition"][index]["values"] = ["another"]
        yield f"{where} of another value", changed


def _other_principals(block: Block, number: int) -> Iterator[Mutation]:
    """For somebody else instead of each, and for somebody more; everybody is nobody more's."""
    for index, principals in enumerate(block["statement"][number].get("principals", [])):
        where = f"[{number}].principals[{index}]"
        for position, identifier in enumerate(principals["identifiers"]):
            changed = _copied(block)
            other = changed["statement"][number]["principals"][index]["identifiers"]
            other[position] = "another.amazonaws.com"
            yield f"{where} without {identifier}", changed
        changed = _copied(block)
        changed["statement"][number]["principals"][index]["identifiers"].append("another.amazonaws.com")
        yield f"{where} with another", changed


def _without(block: Block, number: int, key: str, index: int) -> Block:
    changed = _copied(block)
    statement = changed["statement"][number]
    del statement[key][index]
    if not statement[key]:
        del changed["statement"][number]
    return changed


def _copied(block: Block) -> Block:
    copy: Block = json.loads(json.dumps(block))
    return copy


def told_by(document: Block, name: str) -> str:
    """What has the policy document, as a finding tells of it."""
    (source,) = (
        f"{kind}.{of}:{argument}"
        for kind, named in document["resource"].items()
        for of, block in named.items()
        for argument, value in block.items()
        if f"data.{POLICIES}.{name}." in str(value)
    )
    return source


def with_blocks(document: Block, changed: Mapping[tuple[str, str, str], Block | None]) -> Block:
    """The document with these blocks, by section, type and name; the rest, which is most of it, is shared."""
    found = {**document, "data": {**document["data"]}, "resource": {**document["resource"]}}
    for (section, kind, name), block in changed.items():
        others = {of: given for of, given in found[section][kind].items() if of != name}
        found[section][kind] = others if block is None else {**others, name: block}
    return found


@pytest.mark.parametrize("file", SNAPSHOTS, ids=lambda file: file.stem)
def test_any_one_permission_that_changes_is_on_the_page(file: Path) -> None:
    """One of each policy at a time: each has to be told of, and nobody else has what it gives or takes."""
    document = json.loads(file.read_text(encoding="utf-8"))
    stack = {file.stem: Stack(file.stem, document)}
    (same,) = compared(stack, stack)
    policies = {("data", POLICIES, name): block for name, block in document["data"][POLICIES].items()}
    invocations = {
        ("resource", PERMISSIONS, name): block
        for name, block in document["resource"].get(PERMISSIONS, {}).items()
    }
    sources = {place: told_by(document, place[2]) for place in policies} | {
        place: f"{place[1]}.{place[2]}:*" for place in invocations
    }
    mutations = [[(place, one) for one in of_policy(block)] for place, block in policies.items()]
    mutations += [[(place, one) for one in of_invocation(block)] for place, block in invocations.items()]
    silent = []
    for turn in zip_longest(*mutations):
        turned = dict(filter(None, turn))
        changed = with_blocks(document, {place: block for place, (_, block) in turned.items()})
        # The same old stack for all of them: its permissions are read once.
        comparison = Comparison(same.old, replace(same.new, document=changed))
        told = {source for finding in who_may_do_what(comparison) for source in finding.tells}
        silent += [(place, what) for place, (what, _) in turned.items() if sources[place] not in told]
    assert sum(map(len, mutations)) > 100
    assert silent == []

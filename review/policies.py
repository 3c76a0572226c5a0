"""A policy's statements, in whichever form it is given; what cannot be read of it is kept, to be said."""

import json
import re
from dataclasses import dataclass
from typing import Any

from review.shapes import Block, listed
from review.stack import Stack

_DOCUMENT = re.compile(r"\$\{data\.aws_iam_policy_document\.([\w-]+)\.(?:minified_)?json\}")
# They hold policies, whatever is in them; others do if it looks like one.
_ARGUMENTS = {
    "access_policies",
    "access_policy",
    "assume_role_policy",
    "policy",
    "policy_document",
    "resource_policy",
}
# A sentence may have the word as well: what is no expression is JSON.
_STATEMENTS = re.compile(r'(?:^\s*\{|\$\{)[\s\S]*\bStatement"?\s*[:=]')
NO_POLICIES = frozenset({"aws_ecr_lifecycle_policy"})
"""Types whose `policy` lets nobody do anything."""
# As IAM's own JSON says what a policy document's arguments say.
_JSON_NAMES = {
    "Sid": "sid",
    "Effect": "effect",
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}
_JSON_PRINCIPALS = {"Principal": "principals", "NotPrincipal": "not_principals"}
_STATEMENT = {*_JSON_NAMES.values(), *_JSON_PRINCIPALS.values(), "condition"}
# What of a policy document says nothing of what is allowed, or is read.
_DOCUMENTS = {
    "depends_on",
    "dynamic",
    "override_policy_documents",
    "policy_id",
    "provider",
    "source_policy_documents",
    "statement",
    "version",
}


@dataclass(frozen=True)
class Policy:
    """What a policy says, as the arguments of policy documents."""

    statements: tuple[Block, ...] = ()
    unread: tuple[str, ...] = ()
    """What only Terraform knows of it, as the code has it."""


def read(stack: Stack, argument: str, value: Any) -> Policy | None:
    """The policy that the argument of a resource is; None if it is none."""
    if not isinstance(value, str):
        return Policy(unread=(json.dumps(value),)) if value and argument in _ARGUMENTS else None
    if value and (argument in _ARGUMENTS or _is_like_a_policy(value)):
        return _policy(stack, value)
    return None


def _is_like_a_policy(value: str) -> bool:
    # Few arguments have the word, and the expression searches a long text from each `${` in it to the end.
    return "aws_iam_policy_document." in value or (
        "Statement" in value and _STATEMENTS.search(value) is not None
    )


def _policy(stack: Stack, value: str) -> Policy:
    if found := _DOCUMENT.fullmatch(value.strip()):
        return _document(stack, found[1])
    try:
        raw = json.loads(value)["Statement"]
        statements = [_from_json(one) for one in (raw if isinstance(raw, list) else [raw])]
    except (ValueError, TypeError, KeyError, AttributeError):
        return Policy(unread=(value,))
    return _checked(statements)


def _document(stack: Stack, name: str) -> Policy:
    document = stack.data.get(f"data.aws_iam_policy_document.{name}", {})
    found = _checked(document.get("statement", []))
    unread = [
        json.dumps({name: value})
        for name, value in document.items()
        if name == "dynamic" or name not in _DOCUMENTS
    ]
    sources, overrides = (
        [
            _policy(stack, value) if isinstance(value, str) else Policy(unread=(json.dumps(value),))
            for value in listed(document.get(argument))
        ]
        for argument in ("source_policy_documents", "override_policy_documents")
    )
    parts = [*sources, found, *overrides]
    return Policy(
        tuple(_replacing(parts)), tuple(unread) + tuple(one for part in parts for one in part.unread)
    )


def _replacing(parts: list[Policy]) -> list[Block]:
    """The statements of all parts; a later part's replaces one of the same Sid."""
    statements: list[Block] = []
    for part in parts:
        replaced = [one["sid"] for one in part.statements if one.get("sid")]
        statements = [one for one in statements if one.get("sid") not in replaced]
        statements += part.statements
    return statements


def _checked(statements: Any) -> Policy:
    given = [_with_lists(one) if isinstance(one, dict) else one for one in listed(statements)]
    fit = [one for one in given if _is_statement(one)]
    unfit = [one if isinstance(one, str) else json.dumps(one) for one in given if one not in fit]
    return Policy(tuple(map(_with_merged_conditions, fit)), tuple(unfit))


def _with_merged_conditions(statement: Block) -> Block:
    """As the provider writes it: of conditions with one test of one key, any of all their values will do."""
    merged: dict[tuple[str, str], list[str]] = {}
    for one in statement.get("condition", []):
        values = merged.setdefault((str(one["test"]), str(one["variable"])), [])
        values += (value for value in one["values"] if value not in values)
    return statement | {
        "condition": [
            {"test": test, "variable": key, "values": values} for (test, key), values in merged.items()
        ]
    }


def _with_lists(statement: Block) -> Block:
    return {key: [part] if isinstance(part, dict) else part for key, part in statement.items()}


def _is_statement(one: Any) -> bool:
    """Whether all that it says is understood: a list that Terraform makes is one text, for example."""
    return (
        isinstance(one, dict)
        and one.keys() <= _STATEMENT
        and one.get("effect", "Allow") in ("Allow", "Deny")
        and bool(one.get("actions") or one.get("not_actions"))
        and all(
            _are_texts(one.get(name, [])) for name in ("actions", "not_actions", "resources", "not_resources")
        )
        and _are_blocks(one.get("principals", []), "identifiers")
        and _are_blocks(one.get("not_principals", []), "identifiers")
        and _are_blocks(one.get("condition", []), "values", "test", "variable")
    )


def _are_texts(value: Any) -> bool:
    # A list is written with commas: one text that has some would read as several.
    return isinstance(value, list) and all(isinstance(one, str) and ", " not in one for one in value)


def _are_blocks(value: Any, texts: str, *names: str) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and _are_texts(one.get(texts)) and all(name in one for name in names)
        for one in value
    )


def _from_json(raw: Block) -> Block:
    """IAM's own JSON in the arguments of a policy document. Raises KeyError for what no statement has."""
    if unknown := raw.keys() - {*_JSON_NAMES, *_JSON_PRINCIPALS, "Condition"}:
        raise KeyError(*unknown)
    statement: Block = {}
    for key, name in _JSON_NAMES.items():
        if key in raw:
            statement[name] = raw[key] if key in ("Sid", "Effect") else listed(raw[key])
    for key, name in _JSON_PRINCIPALS.items():
        if key in raw:
            given = {"AWS": raw[key]} if isinstance(raw[key], str) else raw[key]
            statement[name] = [{"type": kind, "identifiers": listed(who)} for kind, who in given.items()]
    statement["condition"] = [
        {"test": test, "variable": variable, "values": [str(one) for one in listed(values)]}
        for test, variables in raw.get("Condition", {}).items()
        for variable, values in variables.items()
    ]
    return statement

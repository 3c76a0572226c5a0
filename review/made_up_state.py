"""A state as Terraform would have it if a revision were deployed, made from its synthesized code alone."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import OneLineError
from review.shapes import Block, blocks
from review.stack import Stack

ACCOUNT = "123456789012"
"""Instead of the account that is deployed to."""

_EXPRESSION = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
# Of any provider's: only what is the AWS provider's is planned.
_REFERENCE = re.compile(
    r"(?<![\w.])(data\.)?((?<=data\.)\w+|[a-z0-9]+_\w+)\.([\w-]+)\.(\w+(?:\.\w+|\[[^\]]*\])*)"
)
# What Terraform keeps about a resource, and not the provider.
_META = {"lifecycle", "depends_on", "provider", "count", "for_each", "provisioner", "connection"}


@dataclass(frozen=True)
class Schema:
    """The provider's description of its types, as `terraform providers schema -json` prints it."""

    types: Mapping[str, Any]

    def state(self, old: Stack, addresses: Collection[str]) -> Block:
        """A state of these resources. What AWS would have chosen has a value made up from the address.

        Raises OneLineError for a type that is not the provider's.
        """
        resources = []
        for address in addresses:
            kind, _, name = address.partition(".")
            if kind not in self.types:
                raise OneLineError(f"{address} is of no type of the AWS provider's")
            attributes = {
                key: literal(old, part)
                for key, part in old.resources[address].items()
                if key not in _META and not key.endswith("_wo")
            }
            for attribute in _asked_of(old, address):
                attributes.setdefault(attribute, _made_up(address, attribute))
            attributes.setdefault("id", value(old, address, "id"))
            described = self.types[kind]
            resources.append(
                {
                    "mode": "managed",
                    "type": kind,
                    "name": name,
                    "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                    "instances": [
                        {
                            "schema_version": described["version"],
                            "attributes": _fitted(attributes, described["block"]),
                        }
                    ],
                }
            )
        return {"version": 4, "serial": 1, "lineage": "review", "outputs": {}, "resources": resources}


def literal(stack: Stack, given: Any, but: Collection[str] = ()) -> Any:
    """The argument with values in the place of references, but for those to the addresses in `but`."""
    match given:
        case dict():
            return {key: literal(stack, part, but) for key, part in given.items()}
        case list():
            return [literal(stack, part, but) for part in given]
        case str():
            return _EXPRESSION.sub(lambda found: _evaluated(stack, found, but), given)
    return given


def value(stack: Stack, address: str, attribute: str) -> str:
    """What the attribute is: as the code says it, or made up."""
    block = stack.resources.get(address, {})
    if isinstance(block.get(attribute), str):
        return str(literal(stack, block[attribute]))
    if attribute == "id" and address.startswith("aws_s3_bucket.") and "bucket" in block:
        return str(literal(stack, block["bucket"]))
    return _made_up(address, attribute)


def _evaluated(stack: Stack, expression: re.Match[str], but: Collection[str]) -> str:
    whole = _REFERENCE.fullmatch(expression[1].strip())
    if whole is None:
        # A function: it stays, with what it is given.
        return _REFERENCE.sub(
            lambda found: (
                found[0] if f"{found[2]}.{found[3]}" in but else json.dumps(_value_of(stack, found))
            ),
            expression[0],
        )
    if not whole[1] and f"{whole[2]}.{whole[3]}" in but:
        return expression[0]
    return _value_of(stack, whole)


def _value_of(stack: Stack, reference: re.Match[str]) -> str:
    data, kind, name, attribute = reference.groups()
    if not data:
        return value(stack, f"{kind}.{name}", attribute)
    if kind == "aws_caller_identity":
        return ACCOUNT
    if kind == "aws_iam_policy_document":
        # Its statements are compared by themselves, and none of them makes anything anew.
        return json.dumps({"Version": "2012-10-17", "Statement": []})
    return _made_up(f"data.{kind}.{name}", attribute)


def _made_up(address: str, attribute: str) -> str:
    name = re.sub(r"[^\w-]", "-", address)
    if attribute.endswith("arn"):
        return f"arn:aws:made-up:us-east-1:{ACCOUNT}:{name}"
    if attribute == "url":
        return f"https://made-up.example.com/{ACCOUNT}/{name}"
    return f"{name}-{attribute}"


def _asked_of(stack: Stack, address: str) -> set[str]:
    pattern = re.compile(rf"(?<![\w.]){re.escape(address)}\.(\w+)")
    return set(pattern.findall(json.dumps(stack.resources)))


def _fitted(attributes: Mapping[str, Any], block: Mapping[str, Any]) -> Block:
    """JSON syntax lets a single block stand for a list of one; a state does not."""
    fitted: Block = {}
    for key, part in attributes.items():
        nested = block.get("block_types", {}).get(key)
        if nested is None:
            fitted[key] = part
            continue
        parts = [_fitted(one, nested["block"]) for one in blocks(part)]
        if nested["nesting_mode"] in ("list", "set"):
            fitted[key] = parts
        elif parts:
            fitted[key] = parts[0]
    return fitted

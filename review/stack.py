"""A synthesized stack, in the names that people know its resources by."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from config.names import PROJECT, environment_of
from review.shapes import Block, block, blocks, normalised

_KINDS = {
    "aws_apigatewayv2_api": "API ",
    "aws_apigatewayv2_authorizer": "authorizer ",
    "aws_apigatewayv2_route": "route ",
    "aws_apigatewayv2_stage": "stage ",
    "aws_budgets_budget": "budget ",
    "aws_cloudwatch_dashboard": "dashboard ",
    "aws_cloudwatch_event_rule": "rule ",
    "aws_cloudwatch_log_group": "log group ",
    "aws_cloudwatch_metric_alarm": "alarm ",
    "aws_dynamodb_table": "table ",
    "aws_iam_policy": "policy ",
    "aws_iam_role": "role ",
    "aws_lambda_alias": "function ",
    "aws_lambda_function": "function ",
    "aws_lambda_layer_version": "layer ",
    "aws_s3_bucket": "",
    "aws_secretsmanager_secret": "secret ",
    "aws_sns_topic": "topic ",
    "aws_sqs_queue": "queue ",
}
_NAMES = ("bucket", "function_name", "layer_name", "alarm_name", "dashboard_name", "name", "route_key")
_REFERENCE = re.compile(r"(?<![\w.])(data\.)?(aws_\w+)\.([\w-]+)\.(\w+)")
_EXPRESSION = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
_ADDRESS = re.compile(r"(?<![\w.])(?:data\.)?aws_\w+\.[\w-]+")
REPETITIONS = ("count", "for_each")
"""Arguments that say how many of a block there are."""
# 0, or an empty set, list or map.
_NONE = re.compile(r"(?:\$\{)?\s*(?:0|(?:to(?:set|list|map)\()?\s*(?:\[\s*\]|\{\s*\})\s*\)?)\s*\}?")
# An attribute after a label, in characters that are nobody's: a name may have dots of its own.
_ATTRIBUTE = re.compile("\ue000([^\ue001]*)\ue001")
# Of which attribute an `id` is another name.
_IDS = {
    "aws_cloudwatch_log_group": "name",
    "aws_iam_policy": "arn",
    "aws_iam_role": "name",
    "aws_lambda_function": "function_name",
    "aws_s3_bucket": "bucket",
    "aws_secretsmanager_secret": "arn",
    "aws_sns_topic": "arn",
    "aws_sqs_queue": "url",
}


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack's `cdk.tf.json`. What cdktf notes for itself is left out of its blocks."""

    name: str
    document: Mapping[str, Any] = field(repr=False)
    packages: Path | None = None
    """Where the archives are that it uploads; None: not known."""
    lock: str = field(default="", repr=False)
    """Its `.terraform.lock.hcl`: what Terraform may take for a provider."""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By address: what to call a resource here that has another name in the stack compared with."""
    _found: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    """Labels by address, worked out once: every reference asks for one."""
    _read: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    """Texts with labels by texts with references: a few of these are in most blocks."""

    @property
    def environment(self) -> str:
        """As `prod`."""
        return environment_of(self.name)

    @cached_property
    def resources(self) -> dict[str, Block]:
        """By address."""
        return dict(self._blocks("resource", ""))

    @cached_property
    def data(self) -> dict[str, Block]:
        """Data sources by address, as `data.aws_caller_identity.account`."""
        return dict(self._blocks("data", "data."))

    @cached_property
    def text(self) -> str:
        """The whole document, to be searched."""
        return json.dumps(self.document)

    @property
    def kept(self) -> frozenset[str]:
        """Addresses of what Terraform lets go of, and does not destroy, where its state still has it."""
        # Without a word about it, it is destroyed.
        return frozenset(
            str(one.get("from"))
            for one in blocks(self.document.get("removed"))
            if block(one.get("lifecycle")).get("destroy") is False
        )

    @property
    def moves(self) -> list[tuple[str, str]]:
        """Where its `moved` blocks say that something was, and where it is."""
        return [(str(one.get("from")), str(one.get("to"))) for one in blocks(self.document.get("moved"))]

    @cached_property
    def existing(self) -> "Stack":
        """In one shape, and without the blocks that there are none of by their `count` or `for_each`."""
        document = normalised(self.document)
        for section in ("resource", "data"):
            if section in document:
                document[section] = {
                    kind: {name: one for name, one in named.items() if not _is_none(one)}
                    for kind, named in document[section].items()
                }
        return replace(self, document=document)

    def called(self, labels: Mapping[str, str]) -> "Stack":
        """The same with these labels; itself, and what is worked out of it already, if it has them."""
        if all(self.label(address) == label for address, label in labels.items()):
            return self
        return replace(self, labels=labels)

    def of(self, kind: str) -> dict[str, Block]:
        """The resources of a type by address."""
        return {address: block for address, block in self.resources.items() if address.startswith(f"{kind}.")}

    def construct(self, address: str) -> str:
        """The construct that a resource belongs to, as `api`; the top one in its stack."""
        kind, _, name = address.removeprefix("data.").partition(".")
        section = "data" if address.startswith("data.") else "resource"
        notes = self.document.get(section, {}).get(kind, {}).get(name, {}).get("//")
        path = str(block(block(notes).get("metadata")).get("path", ""))
        parts = path.split("/")
        return parts[1] if len(parts) > 1 else name.partition("_")[0]

    def label(self, address: str) -> str:
        """What people call a resource: its kind and its name in AWS, or its address; both if two share it."""
        if address not in self._found:
            # A name that refers to itself ends there.
            self._found[address] = address
            self._found[address] = self.labels[address] if address in self.labels else self._label(address)
        return self._found[address]

    def _label(self, address: str) -> str:
        kind = address.partition(".")[0]
        block = self.resources.get(address, {})
        name = self._name(block) if kind in _KINDS else None
        if kind == "aws_lambda_alias" and name is not None:
            # Of the function's name and its own, as in its ARN.
            name = f"{name.removeprefix(_KINDS['aws_lambda_function'])}:{block.get('name')}"
        if name is None:
            return address
        return f"{_KINDS[kind]}{name}{f' ({address})' if address in self._called_alike else ''}"

    @cached_property
    def _called_alike(self) -> frozenset[str]:
        """Addresses of what has the name of another: an authorizer of another, a role of another account."""
        named: dict[tuple[str, ...], list[str]] = {}
        for address, given in self.resources.items():
            kind = address.partition(".")[0]
            if kind not in _KINDS:
                continue
            # Labels do not say which attribute a name is taken from.
            names = {
                key: _REFERENCE.sub(r"\1\2.\3", given[key])
                for key in _NAMES
                if isinstance(given.get(key), str)
            }
            if names:
                # An alias is called after its function, and by its own name.
                found = (kind, next(iter(names.values())), names.get("name", ""))
                named.setdefault(found, []).append(address)
        return frozenset(address for alike in named.values() if len(alike) > 1 for address in alike)

    def readable(self, text: str) -> str:
        """The text with labels in the place of references."""
        return without_attributes(self._labelled(text))

    def canonical(self, value: Any, key: str = "") -> Any:
        """A value that is equal in two stacks if it means the same, wherever in the tree a resource is.

        Labels are followed by the attribute that is referred to: for sentences, see without_attributes.
        """
        match value:
            case dict():
                return {name: self.canonical(part, name) for name, part in sorted(value.items())}
            case list() if key == "depends_on":
                return sorted(self.label(str(part)) for part in value)
            case list():
                return [self.canonical(part, key) for part in value]
            case str():
                return self._labelled(value)
        return value

    def references(self, value: Any) -> set[str]:
        """The addresses that a value refers to."""
        text = value if isinstance(value, str) else json.dumps(value)
        expressions = " ".join(found[0] for found in _EXPRESSION.finditer(text))
        return set(_ADDRESS.findall(expressions))

    def _labelled(self, text: str) -> str:
        # Most texts refer to nothing.
        if "${" not in text:
            return text

        def expression(found: re.Match[str]) -> str:
            inner = _REFERENCE.sub(self._referenced, found[1])
            return inner if _REFERENCE.fullmatch(found[1].strip()) else f"${{{inner}}}"

        if text not in self._read:
            self._read[text] = _EXPRESSION.sub(expression, text)
        return self._read[text]

    def _name(self, block: Block) -> str | None:
        name = next((block[key] for key in _NAMES if isinstance(block.get(key), str)), None)
        return None if name is None else self.readable(name).replace("`", "'")

    def _referenced(self, found: re.Match[str]) -> str:
        data, kind, name, attribute = found.groups()
        if attribute == "id":
            attribute = _IDS.get(kind, "id")
        mark = f"\ue000.{attribute}\ue001"
        if data:
            known = self._name(self.data.get(f"data.{kind}.{name}", {})) if kind in _KINDS else None
            if known is not None:
                return f"{_KINDS[kind]}{known}{mark}"
            return attribute if kind == "aws_caller_identity" else found[0]
        address = f"{kind}.{name}"
        label = self.label(address)
        return found[0] if label == address else f"{label}{mark}"

    def _blocks(self, section: str, prefix: str) -> Iterator[tuple[str, Block]]:
        for kind, named in self.document.get(section, {}).items():
            for name, given in named.items():
                yield f"{prefix}{kind}.{name}", {key: part for key, part in given.items() if key != "//"}


def _is_none(block: Block) -> bool:
    return any(key in block and _NONE.fullmatch(str(block[key])) for key in REPETITIONS)


def read_stacks(outdir: Path) -> dict[str, Stack]:
    """The stacks below a folder that synthesis wrote, by name."""
    return {
        path.parent.name: Stack(
            path.parent.name,
            json.loads(path.read_text(encoding="utf-8")),
            outdir / "packages",
            _read_lock(path.with_name(".terraform.lock.hcl")),
        )
        for path in sorted(outdir.glob("stacks/*/cdk.tf.json"))
    }


def _read_lock(file: Path) -> str:
    # A revision of long ago writes none.
    return file.read_text(encoding="utf-8") if file.exists() else ""


def without_attributes(text: str) -> str:
    """Of a canonical text, what people call the resources in it."""
    return _ATTRIBUTE.sub("", text)


def with_attributes(text: str) -> str:
    """The same, with what of each resource is meant: `potential-parakeet-cache-prod.arn`."""
    return _ATTRIBUTE.sub(r"\1", text)


def short(name: str, environment: str) -> str:
    """`potential-parakeet-ingest-prod` as `ingest`."""
    return name.removeprefix(f"{PROJECT}-").removesuffix(f"-{environment}")

"""Reading synthesized stacks: what Terraform is told, in the terms of the promises tests make."""

import json
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.environments import ENVIRONMENTS
from config.names import bootstrap_name, environment_of, secrets_stack_name, stack_name
from config.settings import Environment, environment
from config.target import Target
from stacks.application import application

Block = dict[str, Any]

CONFIGURED: dict[str, Environment] = {each.name: each for each in ENVIRONMENTS}
"""The environments by name, as this installation has them."""
BOOTSTRAPS = tuple(dict.fromkeys(bootstrap_name(each.account_id) for each in ENVIRONMENTS))
"""The bootstrap stacks: one in every account that keeps states."""

_synthesized: dict[tuple[str, ...], Mapping[str, "Template"]] = {}
_REFERENCE = re.compile(r"\$\{(data\.)?(aws_\w+)\.([\w-]+)\.\w+\}")


@dataclass(frozen=True)
class Template:
    """A stack's `cdk.tf.json`."""

    name: str
    document: Block

    def resources(self, kind: str) -> dict[str, Block]:
        """The resources of that type by their name in the address."""
        resources: dict[str, Block] = self.document["resource"].get(kind, {})
        return resources

    def data(self, kind: str) -> dict[str, Block]:
        """The data sources of that type by their name in the address."""
        found: dict[str, Block] = self.document.get("data", {}).get(kind, {})
        return found

    def all_resources(self) -> Iterator[tuple[str, Block]]:
        """Every resource with its address."""
        for kind, resources in self.document["resource"].items():
            for name, block in resources.items():
                yield f"{kind}.{name}", block

    def one(self, kind: str, **arguments: Any) -> Block:
        """The only resource of that type with these arguments."""
        found = [
            block
            for block in self.resources(kind).values()
            if all(block.get(argument) == value for argument, value in arguments.items())
        ]
        assert len(found) == 1, f"{self.name} has {len(found)} {kind} with {arguments}"
        return found[0]

    @property
    def environment(self) -> str:
        return environment_of(self.name)

    def function(self, part: str) -> Block:
        """The function of that part, as `trades-api`."""
        return self.one("aws_lambda_function", function_name=f"potential-parakeet-{part}-{self.environment}")

    def behind(self, reference: str) -> Block:
        """The resource or data source that a reference, as `${aws_iam_role.x.arn}`, is about."""
        found = _REFERENCE.fullmatch(reference)
        assert found, f"{reference} is not a reference to a resource"
        data, kind, name = found.groups()
        return (self.data(kind) if data else self.resources(kind))[name]

    def alias(self, part: str) -> Block:
        """What is invoked of the function of that part."""
        (alias,) = (
            block
            for block in self.resources("aws_lambda_alias").values()
            if self.behind(block["function_name"]) is self.function(part)
        )
        return alias

    def readable(self, text: str) -> str:
        """The text with the name that AWS knows a resource by in the place of each reference to it."""

        def name(reference: re.Match[str]) -> str:
            block = self.behind(reference[0])
            if "function_version" in block:
                return f"{self.readable(block['function_name'])}:{block['name']}"
            return next(str(block[key]) for key in ("bucket", "function_name", "name") if key in block)

        return _REFERENCE.sub(name, text)

    def statements(self, reference: str) -> list[Block]:
        """The statements of a policy document, by the reference to its JSON."""
        name = re.fullmatch(r"\$\{data\.aws_iam_policy_document\.(.+)\.json\}", reference)
        assert name, f"{reference} is not a policy document"
        document = self.document["data"]["aws_iam_policy_document"][name[1]]
        statements: list[Block] = document["statement"]
        return statements

    def permissions(self, part: str) -> list[Block]:
        """The statements that the role of a function has."""
        role = self.behind(self.function(part)["role"])
        return [
            statement
            for policy in self.resources("aws_iam_role_policy").values()
            if self.behind(policy["role"]) is role
            for statement in self.statements(policy["policy"])
        ]

    def allowed(self, part: str) -> set[tuple[str, str]]:
        """What a function may do to what, as `("s3:GetObject", "potential-parakeet-cache-prod/cache/*")`."""
        return {
            (action, self.readable(resource))
            for statement in self.permissions(part)
            for action in statement["actions"]
            for resource in statement["resources"]
        }

    def accepts(self, variable: str, value: str) -> bool:
        """What Terraform's validation of the variable says of a value."""
        (validation,) = self.document["variable"][variable]["validation"]
        condition = re.fullmatch(
            rf'\$\{{can\(regex\((".+?"), var\.{variable}\)\)'
            rf'( && length\(regexall\((".+"), var\.{variable}\)\) == 1)?\}}',
            validation["condition"],
        )
        assert condition, f"{variable}: {validation['condition']}"
        # HCL and JSON escape alike.
        pattern = json.loads(condition[1])
        once = json.loads(condition[3]) if condition[3] else None
        # Terraform's RE2 ends at the end; Python's $ would be content before a last newline, too.
        pattern = re.sub(r"\$$", r"\\Z", pattern.replace("[:space:]", r"\s"))
        matches = re.search(pattern, value, re.ASCII) is not None
        return matches and (once is None or value.count(once) == 1)

    def all_statements(self) -> Iterator[tuple[str, Block]]:
        """Every statement of every policy document, with the document's name."""
        for name, document in self.data("aws_iam_policy_document").items():
            for statement in document["statement"]:
                yield name, statement


def read_templates(outdir: Path) -> Mapping[str, Template]:
    """The synthesized stacks below an output folder, by name."""
    return {
        path.parent.name: Template(path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(outdir.glob("stacks/*/cdk.tf.json"))
    }


def synthesized(settings: Environment, target: Target | None = None) -> Template:
    """The stack of one environment."""
    stack = stack_name(settings.name)
    if settings in ENVIRONMENTS and target is None:
        return synthesized_stacks(ENVIRONMENTS)[stack]
    return synthesized_stacks([settings], target, only=[stack])[stack]


def synthesized_secrets(settings: Environment) -> Template:
    """The stack of one environment's secrets."""
    stack = secrets_stack_name(settings.name)
    return synthesized_stacks([settings], only=[stack])[stack]


def synthesized_stacks(
    environments: Sequence[Environment],
    target: Target | None = None,
    *,
    only: Collection[str] = (),
    outdir: Path | None = None,
) -> Mapping[str, Template]:
    """All stacks of the environments, or only these, by name; made once for all who ask for the same."""
    target = target or Target()
    asked = (*(each.model_dump_json() for each in environments), target.model_dump_json(), str(only))
    if outdir or asked not in _synthesized:
        with nullcontext(str(outdir)) if outdir else tempfile.TemporaryDirectory() as folder:
            application(environments, target, folder, only=only).synth()
            _synthesized[asked] = read_templates(Path(folder))
    return _synthesized[asked]


def changed(settings: Environment, **sections: Any) -> Environment:
    """The environment with fields changed: ``changed(PROD, functions={"tracing": True})``."""
    given = settings.model_dump()
    name = given.pop("name")
    return environment(name, **_merged(given, sections))


def _merged(base: Block, change: Block) -> Block:
    return base | {
        key: _merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in change.items()
    }

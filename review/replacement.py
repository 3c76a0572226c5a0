"""Which resources Terraform makes anew, and because of what: from a plan that needs no account.

The plan is of the new code against a state made up from the old code, without refresh.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from review.changes import Comparison
from review.made_up_state import Schema, literal
from review.planner import Planner
from review.shapes import Block, block
from review.stack import REPETITIONS, Stack

_NAME = re.compile(r"(?<![\w.])(aws_\w+)\.([\w-]+)")
_TYPE = re.compile(r"(?:^|\.)(aws_\w+)\.")
_EXPRESSION = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
_HEADER = re.compile(r"^  # (aws_\w+)\.([\w-]+?)__([\w-]+) must be replaced")
_OWN_ARGUMENT = re.compile(r"^      (?:[-+~/]+) (\"?[\w-]+\"?)")


@dataclass(frozen=True)
class Replacement:
    """A resource that is destroyed and made anew."""

    address: str
    causes: tuple[str, ...]
    """The arguments that force it."""

    @property
    def kind(self) -> str:
        """Its type, be it in a module or not."""
        found = _TYPE.search(self.address)
        return found[1] if found else ""

    @property
    def reason(self) -> str:
        """As `bucket` forces it."""
        if not self.causes:
            return "Terraform's plan says so"
        verb = "forces" if len(self.causes) == 1 else "force"
        return f"{', '.join(f'`{cause}`' for cause in self.causes)} {verb} it"


def replacements(
    comparisons: Iterable[Comparison], planner: Planner, unplanned: Collection[str]
) -> dict[str, dict[str, Replacement]]:
    """By stack and address; what changes in `unplanned` arguments alone is left out. Raises PlanError."""
    kinds = planner.schema.types
    touched = {
        comparison: addresses
        for comparison in (one.renamed() for one in comparisons)
        if (addresses := frozenset(one for one in _touched(comparison, unplanned) if _kind(one) in kinds))
    }
    if not touched:
        return {}
    state = _state(planner.schema, touched)
    forced = _forced(planner.plan(*_code({one.new: found for one, found in touched.items()}), state))
    if any(_newly_given(comparison, forced) for comparison in touched):
        # A default that is written out forces nothing: the old code gives it as well, by saying nothing.
        forced -= _forced(planner.plan(*_code({one.old: found for one, found in touched.items()}), state))
    return {comparison.new.name: dict(_believable(comparison, forced)) for comparison in touched}


def _kind(address: str) -> str:
    return address.partition(".")[0]


def _code(touched: Mapping[Stack, Collection[str]]) -> tuple[Block, set[str]]:
    """The stacks' resources at these addresses, in one configuration, and the variables they use."""
    configuration: Block = {}
    variables: set[str] = set()
    for stack, addresses in touched.items():
        for address in addresses:
            kind, _, name = address.partition(".")
            planned = _plannable(literal(stack, stack.resources[address], addresses))
            configuration.setdefault(kind, {})[f"{stack.name}__{name}"] = _prefixed(stack.name, planned)
        variables |= set(stack.document.get("variable", {}))
    return configuration, variables


def _state(schema: Schema, touched: Mapping[Comparison, Collection[str]]) -> Block:
    resources = []
    for comparison, addresses in touched.items():
        resources += [
            {**resource, "name": f"{comparison.old.name}__{resource['name']}"}
            for resource in schema.state(comparison.old, addresses)["resources"]
        ]
    return {"version": 4, "serial": 1, "lineage": "review", "outputs": {}, "resources": resources}


def _newly_given(comparison: Comparison, forced: Collection["_Forced"]) -> bool:
    return any(
        one.stack == comparison.new.name
        and one.argument not in comparison.old.resources.get(one.address, {})
        and one.argument in comparison.new.resources.get(one.address, {})
        for one in forced
    )


def _touched(comparison: Comparison, unplanned: Collection[str]) -> set[str]:
    """What has changed, and what depends on it: made anew, it may make that anew as well."""
    new = comparison.new
    found = {
        change.address
        for change in comparison.changes
        if change.before is not None
        and change.after is not None
        and not change.old_address
        and any(argument.path not in unplanned for argument in change.arguments)
    }
    while found:
        more = {
            address
            for address, given in new.resources.items()
            if address not in found
            and address in comparison.old.resources
            and new.references({key: part for key, part in given.items() if key != "depends_on"}) & found
        }
        if not more:
            break
        found |= more
    return found


def _plannable(given: Block) -> Block:
    # Terraform would refuse and plan nothing; what it depends on, or is made anew with, may not be among the
    # planned; and the state has one of each.
    left_out = ("prevent_destroy", "replace_triggered_by")
    lifecycle = {key: part for key, part in block(given.get("lifecycle")).items() if key not in left_out}
    without = ("lifecycle", "depends_on", *REPETITIONS)
    kept = {key: part for key, part in given.items() if key not in without}
    return kept | ({"lifecycle": lifecycle} if lifecycle else {})


def _prefixed(stack: str, given: Any) -> Any:
    """All stacks are planned at once, so each one's addresses get its name."""
    match given:
        case dict():
            return {key: _prefixed(stack, part) for key, part in given.items()}
        case list():
            return [_prefixed(stack, part) for part in given]
        case str():
            return _EXPRESSION.sub(
                lambda found: _NAME.sub(lambda name: f"{name[1]}.{stack}__{name[2]}", found[0]), given
            )
    return given


@dataclass(frozen=True)
class _Forced:
    """An argument of which Terraform says that it forces a replacement, and the line that says so."""

    stack: str
    address: str
    argument: str
    line: str


def _forced(said: str) -> set[_Forced]:
    found = set()
    stack = address = own = ""
    for line in said.splitlines():
        if line.startswith("  # "):
            header = _HEADER.match(line)
            stack, address = (header[2], f"{header[1]}.{header[3]}") if header else ("", "")
        if argument := _OWN_ARGUMENT.match(line):
            own = argument[1].strip('"')
        if address and own and "# forces replacement" in line:
            found.add(_Forced(stack, address, own, " ".join(line.split())))
    return found


def _believable(comparison: Comparison, forced: Iterable[_Forced]) -> Iterator[tuple[str, Replacement]]:
    """Without what only seems to change, because a made-up state does not know the provider's defaults."""
    causes: dict[str, set[str]] = {}
    for one in forced:
        if one.stack == comparison.new.name:
            causes.setdefault(one.address, set()).add(one.argument)
    changed = {change.address: {one.top for one in change.arguments} for change in comparison.changes}
    anew: set[str] = set()
    while True:
        more = {
            address
            for address, arguments in causes.items()
            if address not in anew
            and any(
                argument in changed.get(address, ()) or _refers(comparison.new, address, argument, anew)
                for argument in arguments
            )
        }
        if not more:
            break
        anew |= more
    for address in anew:
        reasons = [
            argument
            for argument in causes[address]
            if argument in changed.get(address, ()) or _refers(comparison.new, address, argument, anew)
        ]
        yield address, Replacement(address, tuple(sorted(reasons)))


def _refers(stack: Stack, address: str, argument: str, to: Collection[str]) -> bool:
    return bool(stack.references(stack.resources[address].get(argument, "")) & set(to))

"""What differs between two revisions of a stack: resources, and each argument of those in both."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from config.names import environment_of
from review.shapes import Block, listed
from review.stack import Stack

_FIRST = ("bootstrap", "dev", "staging")
_OWN = {"resource", "data", "moved", "//"}
_EMPTY: Mapping[str, Any] = {}
# Where the order of a list says something: of a function's layers, the last one wins.
_ORDERED = {"layers", "identity_sources"}
# What tells the blocks of a list apart.
_KEYS = ("id", "sid", "route_key", "name", "test")
_RESOURCE = re.compile(r"(?<![\w.])aws_\w+\.[\w-]+")


@dataclass(frozen=True)
class Argument:
    """An argument that differs, by its path: `environment.variables.LOG_LEVEL`. None: not given."""

    path: str
    before: Any
    after: Any

    @property
    def top(self) -> str:
        """The resource's own argument that this is a part of."""
        return self.path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class Change:
    """A resource that differs. One without `before` is added; one with two addresses has moved."""

    address: str
    before: Block | None
    after: Block | None
    arguments: tuple[Argument, ...] = ()
    old_address: str | None = None
    """Where it was, if that is elsewhere."""
    declared: bool = False
    """Moved with a `moved` block, so that Terraform only renames it."""

    @property
    def kind(self) -> str:
        """Its type."""
        return self.address.partition(".")[0]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two revisions of a stack."""

    old: Stack
    new: Stack

    @cached_property
    def changes(self) -> list[Change]:
        """Of all resources, those of the new revision first."""
        return list(self._changes())

    @cached_property
    def others(self) -> list[Argument]:
        """What differs beside resources, data sources and `moved` blocks, by its path in the document."""
        before, after = (
            stack.canonical({key: part for key, part in stack.document.items() if key not in _OWN})
            for stack in (self.old, self.new)
        )
        return list(arguments(before, after))

    @cached_property
    def came_from(self) -> dict[str, str]:
        """By address of what has moved: where it was."""
        return {change.address: change.old_address for change in self.changes if change.old_address}

    @cached_property
    def differing(self) -> frozenset[str]:
        """Addresses of the resources and data sources that differ."""
        data = {*self.old.data, *self.new.data}
        return frozenset(change.address for change in self.changes) | frozenset(
            address
            for address in data
            if not self.alike(self.old.data.get(address), self.new.data.get(address))
        )

    def alike(self, before: Any, after: Any) -> bool:
        """Whether what is in the old revision and what is in the new one mean the same."""
        if before == after and not self._called_otherwise:
            return True
        return bool(self.old.canonical(before) == self.new.canonical(after))

    @cached_property
    def _called_otherwise(self) -> bool:
        """Whether the same reference may be to what has another name, or none, in the other revision."""
        references = [f"${{{address}.arn}}" for address in {*self.old.data, *self.new.data}]
        return any(
            self.old.label(address) != self.new.label(address)
            for address in {*self.old.resources, *self.new.resources}
        ) or any(self.old.canonical(one) != self.new.canonical(one) for one in references)

    def of(self, *kinds: str) -> list[Change]:
        """Of the resources of these types."""
        return [change for change in self.changes if change.kind in kinds]

    def label(self, change: Change) -> str:
        """What people call the resource, as it is now if it still is."""
        if change.after is None:
            return self.old.label(change.old_address or change.address)
        return self.new.label(change.address)

    def was_called(self, change: Change) -> str:
        """What people call it as long as the change is not deployed."""
        return replace(self.old, labels={}).label(change.old_address or change.address)

    def construct(self, change: Change) -> str:
        """The construct it belongs to."""
        return (self.old if change.after is None else self.new).construct(change.address)

    def renamed(self) -> "Comparison":
        """The same with what `moved` blocks rename at its new address in the old revision too.

        So Terraform has it in its state, before it plans.
        """
        moves = {one.old_address: one.address for one in self.changes if one.old_address and one.declared}
        if not moves:
            return self
        old = json.loads(
            _RESOURCE.sub(lambda found: moves.get(found[0], found[0]), json.dumps(self.old.document))
        )
        for was, address in moves.items():
            kind, _, name = was.partition(".")
            block = old["resource"][kind].pop(name)
            kind, _, name = address.partition(".")
            old["resource"].setdefault(kind, {})[name] = block
        return _comparison(replace(self.old, document=old), self.new)

    def _changes(self) -> Iterator[Change]:
        old, new = self.old.resources, self.new.resources
        moved = self._moved()
        came_from = {address: was for was, address in moved.items()}
        declared = self._declared()
        for address, after in new.items():
            was = came_from.get(address, address)
            before = old.get(was)
            if before is None:
                yield Change(address, None, after)
                continue
            found: tuple[Argument, ...] = ()
            if not self.alike(before, after):
                found = tuple(arguments(self.old.canonical(before), self.new.canonical(after)))
            if found or was != address:
                yield Change(
                    address,
                    before,
                    after,
                    found,
                    old_address=was if was != address else None,
                    declared=declared.get(was) == address,
                )
        for address, before in old.items():
            if address not in new and address not in moved:
                yield Change(address, before, None)

    def _moved(self) -> dict[str, str]:
        """New addresses by old ones, of what has another address and is the same thing in AWS."""
        gone = [address for address in self.old.resources if address not in self.new.resources]
        come = [address for address in self.new.resources if address not in self.old.resources]
        moved = {was: address for was, address in self._declared().items() if was in gone and address in come}
        for was in gone:
            for address in come:
                if was not in moved and address not in moved.values() and self._same(was, address):
                    moved[was] = address
        return moved

    def _declared(self) -> dict[str, str]:
        """Where `moved` blocks say that something is, by where it was: they may be a chain."""
        steps = dict(self.new.moves)
        return {was: _followed(steps, was) for was in steps}

    def _same(self, was: str, address: str) -> bool:
        if was.partition(".")[0] != address.partition(".")[0]:
            return False
        before, after = self.old.label(was), self.new.label(address)
        if before == after:
            return True
        if (before, after) != (was, address):
            # Both are known by names, which differ.
            return False
        return self.alike(self.old.resources[was], self.new.resources[address])


def _followed(steps: Mapping[str, str], was: str) -> str:
    address, passed = steps[was], {was}
    while address in steps and address not in passed:
        passed.add(address)
        address = steps[address]
    return address


def arguments(before: Any, after: Any, path: str = "") -> Iterator[Argument]:
    """The arguments that differ, down to the smallest part. The order of a set is no difference.

    Nor is whether a block is given by itself, or as a list of one.
    """
    if before == after:
        return
    match before, after:
        case (dict(), list([dict(), *_])) | (list([dict(), *_]), dict()):
            yield from arguments(listed(before), listed(after), path)
        case dict(), dict():
            for key in sorted({**before, **after}):
                yield from arguments(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        case list(), list() if _blocks(before) and _blocks(after):
            name = _key(before, after)
            ours, theirs = _by_key(before, name), _by_key(after, name)
            for key in [*ours, *(key for key in theirs if key not in ours)]:
                where = f"{path}[{key}]" if len(ours) > 1 or len(theirs) > 1 else path
                yield from arguments(ours.get(key), theirs.get(key), where)
        case list(), list() if path.rpartition(".")[2] not in _ORDERED and _sorted(before) == _sorted(after):
            return
        case _:
            yield Argument(path, before, after)


def other(argument: Argument) -> str:
    """The change of what is no resource's, as a finding tells it: `provider:region`, `output.url:*`."""
    path = argument.path.replace("provider.aws.", "provider:").replace("terraform.", "terraform:")
    return path if ":" in path else f"{path}:*"


def told_apart(before: Any, after: Any) -> list[str]:
    """What tells the blocks of a list apart in the paths of arguments; nothing if it is no such list."""
    lists = [value or [] for value in (before, after)]
    if not all(isinstance(value, list) and _blocks(value) for value in lists):
        return []
    name = _key(*lists)
    return list(dict.fromkeys(key for blocks in lists for key in _by_key(blocks, name)))


def _blocks(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _key(*lists: list[Block]) -> str | None:
    """What tells the blocks of each list apart; None: only their places do."""
    return next(
        (
            name
            for name in _KEYS
            if all(len({str(block.get(name)) for block in blocks}) == len(blocks) for blocks in lists)
            and all(name in block for blocks in lists for block in blocks)
        ),
        None,
    )


def _by_key(blocks: list[Block], name: str | None) -> dict[str, Block]:
    return {str(number if name is None else block[name]): block for number, block in enumerate(blocks)}


def _sorted(values: list[Any]) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True) for value in values)


def compared(old: Mapping[str, Stack], new: Mapping[str, Stack]) -> list[Comparison]:
    """Every stack in both its revisions; one that is in one of them only is compared with nothing."""
    return [
        _comparison(
            (old.get(name) or Stack(name, _EMPTY)).existing,
            (new.get(name) or Stack(name, _EMPTY)).existing,
        )
        for name in sorted({*old, *new}, key=_place)
    ]


def _comparison(old: Stack, new: Stack) -> Comparison:
    # Renamed, a resource is told of once: whatever refers to it refers to it still. So for what is gone.
    names = {address: new.label(address) for address in old.resources if address in new.resources}
    gone = {address: old.label(address) for address in old.resources if address not in new.resources}
    return Comparison(old.called(names), new.called(names | gone))


def _place(stack: str) -> tuple[bool, int, str]:
    """From the harmless to the dangerous, as they are deployed."""
    environment = environment_of(stack)
    place = _FIRST.index(environment) if environment in _FIRST else len(_FIRST)
    return (environment == "prod", place, stack)

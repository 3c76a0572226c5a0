"""Arguments and attributes of the provider's classes: what a library adds to them, and what it takes away.

`python -m portability.arguments` prints those of the classes in `bindings/aws.py`, as JSON.
"""

import inspect
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Interface = Mapping[str, Mapping[str, bool]]
"""By class: arguments and attributes, and whether one has to be given."""


@dataclass(frozen=True)
class Changed:
    """How the interface of some classes differs."""

    new: Counter[str]
    """In how many classes, by name."""
    lost: Sequence[str]
    """A line for each that is gone, or has to be given now."""


def changed(before: Interface, after: Interface) -> Changed:
    """From the one to the other."""
    new: Counter[str] = Counter()
    lost = [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        lost += [f"{name}.{gone} is gone" for gone in sorted(one.keys() - other.keys())]
        lost += [
            f"{name}.{argument} has to be given"
            for argument, needed in other.items()
            if needed and not one.get(argument, False)
        ]
        new.update(other.keys() - one.keys())
    return Changed(new, lost)


def interface(classes: Mapping[str, Any]) -> Interface:
    """Of the classes among these."""
    found: dict[str, dict[str, bool]] = {}
    for name, one in classes.items():
        if not inspect.isclass(one):
            continue
        attributes = {
            attribute: False
            for attribute in dir(one)
            if not attribute.startswith("_")
            # What CDKTF itself adds to an argument, for its own tests.
            and not attribute.endswith("_input")
            and isinstance(inspect.getattr_static(one, attribute), property)
        }
        arguments = {
            argument.name: argument.default is argument.empty
            for argument in list(inspect.signature(one.__init__).parameters.values())[1:]
            if argument.kind is not argument.VAR_KEYWORD
        }
        found[name] = attributes | arguments
    return found


def parse(text: str) -> Interface:
    """What this module printed."""
    found: Interface = json.loads(text)
    return found


def main(_arguments: Sequence[str] | None = None) -> None:
    """Print them as JSON."""
    from bindings import aws  # noqa: PLC0415 - imports the provider

    print(json.dumps(interface(vars(aws))))


if __name__ == "__main__":
    main()

"""The same thing in the several shapes that Terraform's JSON takes it in."""

from collections.abc import Mapping
from typing import Any

Block = dict[str, Any]

# Blocks by type and name, by name, and any number of them.
_TYPED = ("resource", "data")
_NAMED = ("variable", "output", "module", "check")
_REPEATED = ("moved", "removed", "import")
# Terraform takes these texts for what they say, but in a policy document, whose values are texts.
_BOOLEANS = {"true": True, "false": False, "${true}": True, "${false}": False}


def blocks(value: Any) -> list[Block]:
    """One block stands for a list of one, null for none. What is no block is left out."""
    return [one for one in listed(value) if isinstance(one, dict)]


def block(value: Any) -> Block:
    """What the block says, in whichever shape; of several, as Terraform would refuse them, all together."""
    return {key: part for one in blocks(value) for key, part in one.items()}


def listed(value: Any) -> list[Any]:
    """A text where a list is expected is one thing, and not one for each letter."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def normalised(document: Mapping[str, Any]) -> Block:
    """Every section of a stack's document in one shape. An argument that is null is not given."""
    found = dict(document)
    for section in _TYPED:
        if section in found:
            found[section] = {
                kind: {
                    name: _given(one, {} if section == "data" else _BOOLEANS)
                    for name, one in block(named).items()
                    if one not in (None, [])
                }
                for kind, named in block(found[section]).items()
            }
    for section in _NAMED:
        if section in found:
            found[section] = {name: block(one) for name, one in block(found[section]).items()}
    for section in _REPEATED:
        if section in found:
            texts = _BOOLEANS if section == "removed" else {}
            found[section] = [_given(one, texts) for one in blocks(found[section])]
    if "locals" in found:
        # A local value may be null, and is a text where it is one.
        found["locals"] = block(found["locals"])
    if "terraform" in found:
        found["terraform"] = _given(found["terraform"], _BOOLEANS)
    if "provider" in found:
        found["provider"] = {
            name: [_given(one, _BOOLEANS) for one in blocks(given)]
            for name, given in block(found["provider"]).items()
        }
    return found


def _given(value: Any, texts: Mapping[str, bool]) -> Block:
    """What a block gives, with these texts as what they are taken for."""
    given: Block = _without_nulls(block(value), texts)
    return given


def _without_nulls(value: Any, texts: Mapping[str, bool]) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(part, texts) for key, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part, texts) for part in value]
        case str():
            return texts.get(value, value)
    return value

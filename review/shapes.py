"""The same thing in the several shapes that Terraform's JSON takes it in."""

from collections.abc import Mapping
from typing import Any

Block = dict[str, Any]

# Blocks by type and name, by name, without either, and any number of them.
_TYPED = ("resource", "data")
_NAMED = ("variable", "output", "module", "check")
_SINGLE = ("terraform", "locals")
_REPEATED = ("moved", "removed", "import")
# A policy document's values are texts.
_TRUE_OR_FALSE = ("resource", "removed", "provider", "terraform")
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
    return {
        section: _with_booleans(given) if section in _TRUE_OR_FALSE else given
        for section, given in _in_one_shape(document).items()
    }


def _in_one_shape(document: Mapping[str, Any]) -> Block:
    found = dict(document)
    for section in _TYPED:
        if section in found:
            found[section] = {
                kind: {name: _given(one) for name, one in block(named).items() if one not in (None, [])}
                for kind, named in block(found[section]).items()
            }
    for section in _NAMED:
        if section in found:
            found[section] = {name: block(one) for name, one in block(found[section]).items()}
    for section in _SINGLE:
        if section in found:
            found[section] = block(found[section])
    for section in _REPEATED:
        if section in found:
            found[section] = blocks(found[section])
    if "provider" in found:
        found["provider"] = {
            name: [_given(one) for one in blocks(given)] for name, given in block(found["provider"]).items()
        }
    return found


def _with_booleans(value: Any) -> Any:
    """Terraform takes the texts for what they say."""
    match value:
        case dict():
            return {key: _with_booleans(part) for key, part in value.items()}
        case list():
            return [_with_booleans(part) for part in value]
        case str():
            return _BOOLEANS.get(value, value)
    return value


def _given(value: Any) -> Block:
    without: Block = _without_nulls(block(value))
    return without


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(part) for key, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part) for part in value]
    return value

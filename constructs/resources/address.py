"""Terraform addresses that stay when a construct moves in the tree."""

from typing import TypeVar

from bindings.cdktf import TerraformElement, TerraformStack

Element = TypeVar("Element", bound=TerraformElement)

# Kept here: a construct of that name in the stack would refuse another too, but Node would have to make each,
# which takes 3 % of a synthesis.
_pinned: set[tuple[TerraformStack, str, str]] = set()


def pinned(address: str, element: Element) -> Element:
    """Give the element the address `<its type>.<address>`.

    The tree decides every other address, and an address that changes is a resource destroyed and made anew:
    pin what holds data, what others know by a generated id, and what AWS has by name only once.

    Raises RuntimeError if another element of the stack has it already.
    """
    kind = type(element).__name__
    place = (TerraformStack.of(element), kind, address)
    if place in _pinned:
        # CDKTF would make one element of the two, and say nothing.
        raise RuntimeError(f"the stack has another {kind} at the address {address}")
    _pinned.add(place)
    element.override_logical_id(address)
    return element

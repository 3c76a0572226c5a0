"""Terraform addresses that stay when a construct moves in the tree."""

from typing import TypeVar

from bindings.cdktf import TerraformElement, TerraformStack
from constructs import Construct

Element = TypeVar("Element", bound=TerraformElement)


def pinned(address: str, element: Element) -> Element:
    """Give the element the address `<its type>.<address>`.

    The tree decides every other address, and an address that changes is a resource destroyed and made anew:
    pin what holds data, what others know by a generated id, and what AWS has by name only once.

    Raises RuntimeError if another element of the stack has it already.
    """
    # CDKTF would make one element of the two, and say nothing. A stack has each name only once.
    Construct(TerraformStack.of(element), f"{type(element).__name__}.{address}")
    element.override_logical_id(address)
    return element

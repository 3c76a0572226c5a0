"""What a role is allowed."""

from pathlib import Path

import pytest

from bindings.cdktf import App, TerraformStack
from constructs import Construct
from constructs.resources.queue import DeadLetterQueue
from constructs.resources.role import Role


@pytest.fixture
def role(tmp_path: Path) -> Role:
    stack = TerraformStack(App(outdir=str(tmp_path)), "stack")
    return Role(stack, "role", name="role", address="role", boundary=None)


def queue(role: Role, name: str) -> DeadLetterQueue:
    """A queue `events` in a part of the stack that is called so."""
    return DeadLetterQueue(Construct(TerraformStack.of(role), name), "events", name=name, address=name)


def test_what_is_granted_twice_is_one_policy(role: Role) -> None:
    orders = queue(role, "orders")
    assert orders.grant_send(role) is orders.grant_send(role)


def test_two_policies_of_one_name_are_refused_with_what_to_do(role: Role) -> None:
    queue(role, "orders").grant_send(role)
    with pytest.raises(
        RuntimeError,
        match="stack/role already has a policy send-to-events, for something else: "
        "give one of the two resources another id",
    ):
        queue(role, "prices").grant_send(role)

"""Addresses that are pinned."""

from pathlib import Path

import pytest

from bindings.cdktf import App, TerraformStack
from config.place import Place
from constructs.resources.bucket import Bucket
from constructs.resources.queue import DeadLetterQueue


def test_of_two_elements_at_one_address_the_second_is_refused(tmp_path: Path) -> None:
    """CDKTF would make one of the two, and the other would never be deployed."""
    stack = TerraformStack(App(outdir=str(tmp_path)), "stack")
    DeadLetterQueue(stack, "one", name="one", address="events")
    Bucket(stack, "bucket", Place("dev", "us-east-1", "123456789012"), name="bucket", address="events")
    with pytest.raises(RuntimeError, match="the stack has another SqsQueue at the address events"):
        DeadLetterQueue(stack, "other", name="other", address="events")


def test_two_stacks_may_have_the_same_address(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    for name in ("one", "other"):
        DeadLetterQueue(TerraformStack(app, name), "queue", name=name, address="events")

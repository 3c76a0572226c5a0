"""Addresses that are pinned."""

from pathlib import Path

import pytest

from bindings.cdktf import App, TerraformStack
from constructs.resources.bucket import Bucket
from constructs.resources.queue import DeadLetterQueue


def test_of_two_elements_at_one_address_the_second_is_refused(tmp_path: Path) -> None:
    """CDKTF would make one of the two, and the other would never be deployed."""
    stack = TerraformStack(App(outdir=str(tmp_path)), "stack")
    DeadLetterQueue(stack, "one", name="one", address="events")
    Bucket(stack, "bucket", name="bucket", address="events")
    with pytest.raises(RuntimeError, match=r"already a Construct with name 'SqsQueue\.events'"):
        DeadLetterQueue(stack, "other", name="other", address="events")

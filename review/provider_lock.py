"""What Terraform may take for a provider, and so run with the keys of whoever deploys."""

from collections.abc import Iterator

from review.changes import Argument, Comparison
from review.finding import Finding, Part
from review.values import difference


def provider_lock(comparison: Comparison) -> Iterator[Finding]:
    """The finding of a stack, if its lock differs."""
    if not comparison.old.document or not comparison.new.document:
        return
    before, after = (
        [line.strip() for line in stack.lock.splitlines()] for stack in (comparison.old, comparison.new)
    )
    if before != after:
        differs = difference(Argument(".terraform.lock.hcl", before, after), whole=True)
        text = (
            f"what Terraform takes for a provider **runs with the deployer's keys**, and changes: {differs}"
        )
        yield Finding(Part.PERMISSIONS, text, "provider")

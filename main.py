"""Synthesize all stacks, or those that are named, into `cdktf.out`: what `cdktf` calls."""

import sys

# First of all: Node starts meanwhile.
import bindings  # noqa: F401 - for what importing it does
from config.errors import in_one_line


@in_one_line()
def main() -> int:
    """Write the Terraform JSON of the stacks. Wrong configuration ends it, a line a field."""
    from config.environments import ENVIRONMENTS
    from config.target import Target
    from stacks.application import application

    application(ENVIRONMENTS, Target.from_variables(), only=sys.argv[1:]).synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())

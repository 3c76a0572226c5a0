"""`main.py` with a repository in every environment: the roles of its workflows may do the most.

And without the accounts that they name: the plan is made against another.
"""

import sys

# First of all, as in main.py.
import bindings  # noqa: F401 - for what importing it does
from config.errors import in_one_line
from config.settings import Environment
from config.target import Target
from stacks.application import application

REPOSITORY = "owner/name"
"""Whose workflows deploy an environment that does not say."""


def automated(environment: Environment) -> Environment:
    """The environment, deployed by the workflows of its repository, or of one that stands for it."""
    repository = environment.repository or REPOSITORY
    return environment.model_copy(update={"repository": repository, "account_id": None})


@in_one_line()
def main() -> int:
    """Write the Terraform JSON of every stack; the exit code."""
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    application([automated(each) for each in ENVIRONMENTS], Target()).synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`main.py` with a repository in every environment: the roles of its workflows may do the most.

And without the accounts that they name: the plan is made against another.
"""

# First of all, as in main.py.
import bindings  # noqa: F401, I001 - for what importing it does

from config.environments import ENVIRONMENTS
from config.settings import Environment
from config.target import Target
from stacks.application import application

REPOSITORY = "owner/name"
"""Whose workflows deploy an environment that does not say."""


def automated(environment: Environment) -> Environment:
    """The environment, deployed by the workflows of its repository, or of one that stands for it."""
    repository = environment.repository or REPOSITORY
    return environment.model_copy(update={"repository": repository, "account_id": None})


if __name__ == "__main__":
    application([automated(each) for each in ENVIRONMENTS], Target()).synth()

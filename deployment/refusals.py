"""All that a command is refused before it runs, be it cdktf's or `make plan`."""

import os
from collections.abc import Sequence

from config.target import Target
from deployment.boundary import refuse_without_boundary
from deployment.guards import refuse_what_nobody_means
from deployment.region import refuse_to_leave_behind
from deployment.secrets import refuse_without_secrets, refuse_without_values


def refuse(arguments: Sequence[str]) -> None:
    """Look at a command, with the shell's variables: `["deploy", "parakeet-dev"]`. Raises OneLineError.

    What needs AWS for an answer comes last.
    """
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    environments = Target.from_variables().environments(ENVIRONMENTS)
    refuse_what_nobody_means(arguments, os.environ, environments)
    refuse_without_values(arguments, os.environ, environments)
    refuse_to_leave_behind(arguments, os.environ, environments)
    refuse_without_secrets(arguments, environments)
    refuse_without_boundary(arguments, environments)

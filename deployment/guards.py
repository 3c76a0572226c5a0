"""What is refused before a deployment starts, since Terraform would do it."""

from collections.abc import Mapping, Sequence

from config.errors import OneLineError
from config.names import (
    PLACEHOLDER_AUDIENCE,
    PLACEHOLDER_EMAIL,
    bootstrap_name,
    secrets_stack_name,
    stack_name,
)
from config.settings import Environment

CHANGES = {"apply", "deploy", "watch"}
"""cdktf's commands that change what is deployed."""
# cdktf takes patterns for names. Which stacks one means is its own to say, so it may mean any.
_PATTERN = frozenset("*?[]{}()!")
_PRODS = (stack_name("prod"), secrets_stack_name("prod"))


class RefusedDeploymentError(OneLineError):
    """The deployment would do what nobody can mean; the text says what to change."""


def meant(stack: str, arguments: Sequence[str]) -> bool:
    """Whether a cdktf command may be about that stack: a pattern (`parakeet-*`) counts as all of them."""
    return stack in arguments or any(_PATTERN.intersection(argument) for argument in arguments)


def refuse_what_nobody_means(
    arguments: Sequence[str], variables: Mapping[str, str], environments: Sequence[Environment]
) -> None:
    """Look at a cdktf command before it runs. Raises RefusedDeploymentError.

    prod's state is never kept in a folder. An environment whose file names no account, or still holds
    placeholders, is deployed to a stand-in of AWS only (`AWS_ENDPOINT_URL`); there are none in its secrets.
    """
    for stack in _PRODS:
        if variables.get("PARAKEET_STATE") == "local" and meant(stack, arguments):
            raise RefusedDeploymentError(
                f"PARAKEET_STATE = 'local': allowed: s3 for {stack}, whose state everybody has to share"
            )
    if not CHANGES.intersection(arguments) or variables.get("AWS_ENDPOINT_URL"):
        return
    for each in environments:
        if meant(stack_name(each.name), arguments):
            for field, value in _placeholders(each).items():
                raise RefusedDeploymentError(
                    f"{each.name}: {field} = {value!r} is a placeholder: put the real one into config/"
                    f"{each.name}.py"
                )
        stacks = (stack_name(each.name), secrets_stack_name(each.name), bootstrap_name(None))
        if not each.account_id and any(meant(stack, arguments) for stack in stacks):
            raise RefusedDeploymentError(
                f"{each.name}: account_id = None: allowed: the 12 digits of its AWS account, in config/"
                f"{each.name}.py: the bucket with its state has them in its name, and no other account is "
                "touched"
            )


def _placeholders(environment: Environment) -> dict[str, str | None]:
    fields = {
        "api.access_audience": environment.api.access_audience,
        "monitoring.alert_email": environment.monitoring.alert_email,
    }
    return {
        field: value for field, value in fields.items() if value in (PLACEHOLDER_AUDIENCE, PLACEHOLDER_EMAIL)
    }
